"""Candidates that a user names → prototypes: characters that are known, and new ones that are described; no torch.

A line of a list is ``石`` (or several such characters), ``name: ⿰石本`` (an IDS text), ``name: path/to/file.svg`` (of
KanjiVG's format, relative to the list), ``仝龢: path/to/ids.txt`` (each by that table of IDS), or one of the words of
WORDS. What follows # is a comment.

C candidates · P×P pixels of a picture
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.tracks.zero_shot.descriptions.belonging import require_belonging
from glyphlens.tracks.zero_shot.descriptions.description import STROKE_POINTS, Description, describe_svg
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from glyphlens.tracks.zero_shot.descriptions.ids import describe_ids
from glyphlens.tracks.zero_shot.descriptions.ids_table import SUFFIX, IdsTable
from glyphlens.tracks.zero_shot.samples.roles import jis_kanji
from glyphlens.tracks.zero_shot.samples.templates import draw_plainly

WORDS = ("level1", "level2", "all")
COMMENT = re.compile(r"(^|\s)#.*")
NAMED = re.compile(r"[:：]")
DRAWN_POINTS = 33  # along a stroke: a smooth curve through the points of its description


class Entry(NamedTuple):
    """One candidate of a list: its label, how it is described ("" where by its label), and the line for errors."""

    label: str
    spelled: str
    place: str


class Listed(NamedTuple):
    """The numbered lines of a list, what errors call it, and the folder that paths in it start from."""

    lines: Sequence[str]
    name: str
    folder: Path


@dataclass(frozen=True)
class KanjiCandidates:
    """What an export knows of characters: a ``CandidateReader``."""

    recognizer: Recognizer
    table: Prototypes
    encoder: DescriptionEncoder
    rule: HandwritingParams

    @classmethod
    def open(cls, recognizer: Recognizer) -> "KanjiCandidates":
        """All prototypes and descriptions beside a model; raises InputError where one is missing or another's."""
        require_belonging(recognizer.path)
        rule = HandwritingParams.model_validate(recognizer.manifest.preparation)
        table = Prototypes.load(recognizer.path)
        return cls(recognizer, table, DescriptionEncoder.load(recognizer.path.with_name(FOLDER)), rule)

    def chosen(self, wanted: str) -> Prototypes:
        """Known characters as the export has them, all others by their descriptions."""
        listed = _listed(wanted)
        entries = self._entries(listed)
        known = set(self.table.labels)
        new = [entry for entry in entries if entry.spelled or entry.label not in known]
        old = self.table.of([entry.label for entry in entries if entry not in new])
        if not new:
            return old
        described = self._described(new, listed.folder)
        self._require_distinct([*new, *(entry for entry in entries if entry not in new)], described)
        exemplar_CE = self.recognizer.embeddings({RASTER: draw_descriptions(described, self.rule)})
        text_CE = self.encoder.vectors(described)
        made = self.table.described([entry.label for entry in new], text_CE, exemplar_CE)
        return old.joined(made).of([entry.label for entry in entries])

    def drawn(self, wanted: str) -> NDArray[np.uint8]:
        """(C, P, P) their strokes with one pen."""
        listed = _listed(wanted)
        return draw_descriptions(self._described(self._entries(listed), listed.folder), self.rule)

    def _entries(self, listed: Listed) -> list[Entry]:
        """Every candidate once; raises InputError for an empty list and for what it names twice."""
        entries = [
            entry for number, line in enumerate(listed.lines, 1) for entry in self._of_line(line, number, listed)
        ]
        if not entries:
            raise InputError(f"{listed.name}: no candidate in it; a line is a character, or name: description")
        first: dict[str, Entry] = {}
        twice = [(first[each.label], each) for each in entries if first.setdefault(each.label, each) is not each]
        if twice:
            named = ", ".join(f"'{one.label}' ({one.place.split(', ')[-1]} and again)" for one, _ in twice[:10])
            raise InputError(f"{twice[0][1].place}: candidates are named twice: {named}")
        return entries

    def _of_line(self, line: str, number: int, listed: Listed) -> list[Entry]:
        text, place = COMMENT.sub("", line).strip(), f"{listed.name}, line {number}"
        if text in WORDS:
            return [Entry(label, "", place) for label in _of_word(text, self.table.labels)]
        name, *described = (part.strip() for part in NAMED.split(text, maxsplit=1))
        if not described:
            return [Entry(character, "", place) for character in text if not character.isspace()]
        if not name or not described[0]:
            raise InputError(f"{place}: '{text}': expected name: description, such as 鉢: ⿰釒本")
        names = "".join(name.split()) if described[0].lower().endswith(SUFFIX) else [name]
        return [Entry(each, described[0], place) for each in names]

    def _require_distinct(self, entries: Sequence[Entry], new: Sequence[Description]) -> None:
        """Raise InputError for a new candidate that is described as another one; ``new``: of the first entries."""
        contents = [*new, *(self.encoder.known[entry.label] for entry in entries[len(new) :])]
        last = dict(zip((each.content for each in contents), entries, strict=True))
        for entry, description in zip(entries, new, strict=False):
            if (other := last[description.content]) is not entry:
                raise InputError(f"{entry.place}: '{entry.label}' is described exactly as '{other.label}'; keep one")

    def _described(self, entries: Sequence[Entry], folder: Path) -> list[Description]:
        """One each; raises InputError that names the line of the first that has none or cannot be encoded."""
        table_of = functools.cache(lambda name: IdsTable.load(folder / name))
        descriptions = []
        for entry in entries:
            try:
                descriptions.append(_describe(entry, folder, self.encoder.known, table_of))
                self.encoder.require_readable(descriptions[-1])
            except InputError as error:
                raise InputError(f"{entry.place}: {error}") from error
        return descriptions


def draw_descriptions(descriptions: Sequence[Description], rule: HandwritingParams) -> NDArray[np.uint8]:
    """(C, P, P) as templates are drawn, each stroke a smooth curve through its points."""
    points_SP2 = np.concatenate([each.points_SP2 for each in descriptions]).astype(np.float64)
    starts_C1 = np.cumsum([0, *(len(each.types) for each in descriptions)])
    curves = CubicSpline(np.arange(STROKE_POINTS), points_SP2, axis=1)
    points_SK2 = curves(np.linspace(0, STROKE_POINTS - 1, DRAWN_POINTS))
    return draw_plainly(points_SK2 @ np.array([1, 1j]), starts_C1, rule)


def _listed(wanted: str) -> Listed:
    """The lines of a file, or of the text itself; raises InputError for a file that cannot be read."""
    path = Path(wanted)
    if not wanted.strip() or not is_there(path):
        if wanted.isascii() and not NAMED.search(wanted) and wanted.strip() not in ("", *WORDS):
            raise InputError(f"{wanted}: no such file of candidates, and no {', '.join(WORDS)} or kanji either")
        return Listed(wanted.splitlines(), "candidates", Path())
    try:
        return Listed(path.read_text(encoding="utf-8-sig").splitlines(), str(path), path.parent)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text in UTF-8 (byte {error.start:,}); save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _of_word(word: str, labels: Sequence[str]) -> list[str]:
    levels = {"level1": jis_kanji(1), "level2": jis_kanji(2), "all": labels}
    return [label for label in levels[word] if label in set(labels)]


def _describe(
    entry: Entry, folder: Path, known: Mapping[str, Description], table_of: Callable[[str], IdsTable]
) -> Description:
    if entry.spelled.lower().endswith(".svg"):
        return describe_svg(folder / entry.spelled)
    if entry.spelled.lower().endswith(SUFFIX):
        return table_of(entry.spelled).describe(entry.label, known)
    if not entry.spelled and entry.label not in known:
        raise InputError(
            f"'{entry.label}' (U+{ord(entry.label):04X}): no description of it is known; give one, name: …"
        )
    return describe_ids(entry.spelled or entry.label, known)
