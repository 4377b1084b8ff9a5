"""Candidates that a user names → prototypes: characters that are known, and new ones that are described; no torch.

C candidates · P×P pixels of a picture
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from glyphlens.core.errors import InputError
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.tracks.zero_shot.descriptions.belonging import MODELS, require_belonging
from glyphlens.tracks.zero_shot.descriptions.candidate_list import SHOWN, CandidateList, Entry
from glyphlens.tracks.zero_shot.descriptions.description import STROKE_POINTS, Description
from glyphlens.tracks.zero_shot.descriptions.encoder import FILES, FOLDER, DescriptionEncoder
from glyphlens.tracks.zero_shot.descriptions.ids import OTHER_NAMES, describe_ids
from glyphlens.tracks.zero_shot.descriptions.ids_table import IdsTable
from glyphlens.tracks.zero_shot.descriptions.user_drawing import describe_user_svg
from glyphlens.tracks.zero_shot.samples.templates import draw_plainly

DRAWN_POINTS = 33  # along a stroke: a smooth curve through the points of its description
AT_ONCE = 1024  # descriptions that are drawn together


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
        try:
            require_belonging(recognizer.path)
            rule = HandwritingParams.model_validate(recognizer.manifest.preparation)
            table = Prototypes.load(recognizer.path)
            return cls(recognizer, table, DescriptionEncoder.load(recognizer.path.with_name(FOLDER)), rule)
        except OSError as error:
            raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error

    def files(self, wanted: str) -> list[Path]:
        """What is read beside the model and the list: what the lines name, and the descriptions."""
        folder = self.recognizer.path.with_name(FOLDER)
        return [*CandidateList.read(wanted).files(), *(folder / name for name in (MODELS, *FILES))]

    def chosen(self, wanted: str) -> Prototypes:
        """Known characters as the export has them, all others by their descriptions."""
        listed, known = CandidateList.read(wanted), set(self.table.labels)
        entries = listed.entries(self.table.labels)
        new = [entry for entry in entries if entry.spelled or entry.label not in known]
        old = [entry for entry in entries if not entry.spelled and entry.label in known]
        described = self._described(new, listed.folder)
        prototypes = self.table.of([entry.label for entry in old])
        if not new:
            return prototypes
        self._require_distinct([*new, *old], described)
        text_CE, exemplar_CE = self.encoder.vectors(described), self._exemplars(described)
        made = self.table.described([entry.label for entry in new], text_CE, exemplar_CE)
        return prototypes.joined(made).of([entry.label for entry in entries])

    def drawn(self, wanted: str) -> NDArray[np.uint8]:
        """(C, P, P) their strokes with one pen."""
        listed = CandidateList.read(wanted)
        return draw_descriptions(self._described(listed.entries(self.table.labels), listed.folder), self.rule)

    def _exemplars(self, described: Sequence[Description]) -> NDArray[np.float32]:
        """(C, E) embeddings of their drawings."""
        parts = (described[start : start + AT_ONCE] for start in range(0, len(described), AT_ONCE))
        drawn = (draw_descriptions(part, self.rule) for part in parts)
        return np.concatenate([self.recognizer.embeddings({RASTER: part_CPP}) for part_CPP in drawn])

    def _require_distinct(self, entries: Sequence[Entry], new: Sequence[Description]) -> None:
        """Raise InputError for a new candidate that is described as another one; ``new``: of the first entries."""
        contents = [*new, *(self.encoder.known[entry.label] for entry in entries[len(new) :])]
        last = dict(zip((each.content for each in contents), entries, strict=True))
        for entry, description in zip(entries, new, strict=False):
            if (other := last[description.content]) is not entry:
                raise InputError(f"{entry.place}: '{entry.label}' is described exactly as '{other.label}'; keep one")

    def _described(self, entries: Sequence[Entry], folder: Path) -> list[Description]:
        """One each; raises InputError that names the line of the first that has none or cannot be encoded, and others
        of which that is so too."""
        table_of = functools.cache(lambda name: IdsTable.load(folder / name))
        descriptions: list[Description] = []
        faults: dict[str, InputError] = {}
        for entry in entries:
            try:
                descriptions.append(_describe(entry, folder, self.encoder.known, table_of))
                self.encoder.require_readable(descriptions[-1])
            except InputError as error:
                faults.setdefault(entry.label, InputError(f"{entry.place}: {error}"))
        if not faults:
            return descriptions
        first, *others = faults
        more = f"; nor can {len(others):,} others be: {' '.join(others[:SHOWN])}" if others else ""
        raise InputError(f"{faults[first]}{more}{' …' if len(others) > SHOWN else ''}") from faults[first]


def draw_descriptions(descriptions: Sequence[Description], rule: HandwritingParams) -> NDArray[np.uint8]:
    """(C, P, P) as templates are drawn, each stroke a smooth curve through its points."""
    points_SP2 = np.concatenate([each.points_SP2 for each in descriptions]).astype(np.float64)
    starts_C1 = np.cumsum([0, *(len(each.types) for each in descriptions)])
    curves = CubicSpline(np.arange(STROKE_POINTS), points_SP2, axis=1)
    points_SK2 = curves(np.linspace(0, STROKE_POINTS - 1, DRAWN_POINTS))
    return draw_plainly(points_SK2 @ np.array([1, 1j]), starts_C1, rule)


def _describe(
    entry: Entry, folder: Path, known: Mapping[str, Description], table_of: Callable[[str], IdsTable]
) -> Description:
    if entry.is_drawn:
        return describe_user_svg(folder / entry.spelled)
    if entry.is_looked_up:
        return table_of(entry.spelled).describe(entry.label, known)
    if not entry.spelled and entry.label.translate(OTHER_NAMES) not in known:
        raise InputError(
            f"'{entry.label}' (U+{ord(entry.label):04X}): no description of it is known; give one, name: …"
        )
    return describe_ids(entry.spelled or entry.label, known)
