"""``glyphlens identify``: what every glyph of a font is, from its outline alone.

N or G glyphs · C classes · F = 7 geometry features
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.commands.answers import BETWEEN, Names, answer_table
from glyphlens.commands.check import TOP, expected_glyphs, judge, labels_by_picture
from glyphlens.commands.class_matching import class_numbers
from glyphlens.commands.face_pictures import Pictures, face_pictures, open_font
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.in_memory import Content
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.reading import CHUNK, Best, Floats, best_classes, joined
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer
from glyphlens.tracks.arabic.font_context import FontContext, context_of
from glyphlens.tracks.arabic.glyphs.candidates import Candidate, candidates
from glyphlens.tracks.arabic.members import Member, class_members, likely_first, seen_characters
from glyphlens.tracks.arabic.prior import SURE_ENOUGH, font_probabilities, language_prior, reweighted
from glyphlens.tracks.arabic.reader import drawing_rule
from glyphlens.tracks.arabic.refusal import Refused

READ_TOGETHER = 8192  # drawn glyphs of a face at most: 46 MB of probabilities


class FaceAnswers(NamedTuple):
    """One face: table of answers, pictures (N, 128, 16) packed, and the verdicts of ``--check``."""

    table: pd.DataFrame
    packed_NHB: NDArray[np.uint8]
    verdicts: pd.DataFrame


@dataclass(frozen=True)
class AnswerOptions:
    """What is wanted of each glyph: how many answers, as a text of which ``language``, compared with ``letters``,
    corrected by which ``context``."""

    top: int = 5
    language: str | None = None
    letters: Sequence[Candidate] = ()
    context: FontContext | None = None


@dataclass
class Identified:
    """All faces of all fonts, and the reasons of the fonts that gave none."""

    faces: list[FaceAnswers] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def table(self) -> pd.DataFrame:
        """Answers of all faces, in the order of the command line."""
        return pd.concat([face.table for face in self.faces], ignore_index=True) if self.faces else pd.DataFrame()

    @property
    def verdicts(self) -> pd.DataFrame:
        """Verdicts of all faces."""
        return pd.concat([face.verdicts for face in self.faces], ignore_index=True) if self.faces else pd.DataFrame()


def identify_fonts(
    files: Sequence[Path],
    recognizer: Recognizer,
    *,
    top: int = 5,
    check: bool = False,
    language: str | None = None,
    alone: bool = False,
) -> Identified:
    """Answers for every glyph of every face; a font that cannot be used becomes a problem and the others go on.

    Unless ``alone``, the glyphs of a face correct one another, where the recogniser has a context network beside it.
    """
    found = Identified()
    options = AnswerOptions(top, language, _letters(check), None if alone else context_of(recognizer))
    with tqdm(unit="glyph", desc="identify", disable=None, leave=False) as progress:
        for path in files:
            try:
                found.faces += identify_font(path, recognizer, progress, options)
            except InputError as error:
                found.problems.append(str(error))
    return found


def identify_font(path: Content, recognizer: Recognizer, progress: tqdm, options: AnswerOptions) -> list[FaceAnswers]:
    """Answers for every glyph of every face; raises InputError, naming the font, where it cannot be used."""
    faces = open_font(path)
    progress.total = (progress.total or 0) + sum(face.glyph_count for face in faces)
    answered = [
        identify_face(face, recognizer, (shown(path), number), progress, options) for number, face in enumerate(faces)
    ]
    _refuse_undrawn(path, answered)
    return answered


def identify_face(
    face: FontFace, recognizer: Recognizer, place: tuple[str, int], progress: tqdm, options: AnswerOptions
) -> FaceAnswers:
    """Answers for every glyph number of one face; ``place`` is the file and the face's number in it."""
    rule = drawing_rule(recognizer)
    batches: list[Pictures] = []
    is_drawn_G = np.zeros(face.glyph_count, np.bool_)
    probabilities_GC = np.zeros((face.glyph_count, len(recognizer.classes)), np.float32)
    for pictures in face_pictures(face, rule):
        batches.append(pictures)
        probabilities_GC[pictures.gids_G] = recognize(recognizer, pictures)
        is_drawn_G[pictures.gids_G] = _drawn(pictures)
        progress.update(len(pictures.gids_G))
    members, refused = class_members(recognizer.classes), Refused.of(recognizer, probabilities_GC)
    weighed_GC = _weighed(probabilities_GC, is_drawn_G, recognizer, members, options)
    refused.restore(weighed_GC)
    best = _best(weighed_GC, max(options.top, TOP))
    refused.put_first(best, weighed_GC)
    names = likely_first(members, options.language, seen_characters(members, _sure(best)))
    faults = {gid: reason for pictures in batches for gid, reason in pictures.faults.items()}
    gids = range(face.glyph_count)
    subjects = pd.DataFrame(
        {
            "font": place[0],
            "face": place[1],
            "gid": np.arange(len(gids)),
            "name": [*map(shown, map(face.glyph_name, gids))],
        }
    )
    table = answer_table(subjects, best, [faults.get(gid, "") for gid in gids], recognizer.classes, names, options.top)
    packed_NHB = np.concatenate([pictures.packed_GHB for pictures in batches])
    answers = FaceAnswers(table, packed_NHB, pd.DataFrame())
    return _checked(answers, face, best, recognizer, names, options.letters) if options.letters else answers


def recognize(recognizer: Recognizer, pictures: Pictures) -> Floats:
    """(G, C) probabilities of a batch; glyphs without a picture are not shown to the network and have zeros."""
    drawn_G = _drawn(pictures)
    rasters_NHW = unpack_bits(pictures.packed_GHB[drawn_G]) * np.uint8(255)
    found_GC = np.zeros((len(drawn_G), len(recognizer.classes)), np.float32)
    found_GC[drawn_G] = recognizer.probabilities({RASTER: rasters_NHW, GEOMETRY: pictures.geometry_GF[drawn_G]})
    return found_GC


def _drawn(pictures: Pictures) -> NDArray[np.bool_]:
    """(G,) which glyphs have a picture."""
    return np.array([int(gid) not in pictures.faults for gid in pictures.gids_G], np.bool_)


def _weighed(
    probabilities_GC: Floats,
    is_drawn_G: NDArray[np.bool_],
    recognizer: Recognizer,
    members: Sequence[tuple[Member, ...]],
    options: AnswerOptions,
) -> Floats:
    """(G, C) under what the font's other glyphs say, or how many fonts have a class, and under the language."""
    if options.context is None:
        return font_probabilities(probabilities_GC, recognizer.manifest, members, options.language)
    drawn_N = np.flatnonzero(is_drawn_G)
    for start in range(0, len(drawn_N), READ_TOGETHER):
        together = drawn_N[start : start + READ_TOGETHER]
        probabilities_GC[together] = options.context.correct(probabilities_GC[together])
    return reweighted(probabilities_GC, language_prior(members, options.language))


def _best(probabilities_GC: Floats, count: int) -> Best:
    """The best classes, a part of the glyphs at a time: sorting takes several times the memory."""
    starts = range(0, len(probabilities_GC), CHUNK)
    return joined([best_classes(probabilities_GC[start : start + CHUNK], count) for start in starts], count)


def _sure(best: Best) -> set[int]:
    """The classes of first answers that are sure enough."""
    return set(best.classes_NK[best.confidence_NK[:, 0] >= SURE_ENOUGH, 0].tolist())


def _checked(
    answers: FaceAnswers, face: FontFace, best: Best, recognizer: Recognizer, names: Names, letters: Sequence[Candidate]
) -> FaceAnswers:
    """With verdicts and the columns ``expected``, ``expected_code_points`` and ``agrees``."""
    is_drawn = (answers.table["fault"] == "").tolist()
    expected = {gid: entry for gid, entry in expected_glyphs(face, letters).items() if is_drawn[gid]}
    alike = labels_by_picture(expected, answers.packed_NHB)
    verdicts = judge(expected, alike, best, class_numbers(recognizer.classes), names)
    columns = {
        "expected": {gid: BETWEEN.join(entry.labels) for gid, entry in expected.items()},
        "expected_code_points": {
            gid: BETWEEN.join(dict.fromkeys(entry.code_points)) for gid, entry in expected.items()
        },
        "agrees": dict(zip(verdicts["gid"].tolist(), verdicts["verdict"].tolist(), strict=True)),
    }
    gids = range(len(is_drawn))
    table = answers.table.assign(**{name: [found.get(gid, "") for gid in gids] for name, found in columns.items()})
    return FaceAnswers(table, answers.packed_NHB, verdicts)


def _letters(check: bool) -> list[Candidate]:
    return candidates() if check else []


def _refuse_undrawn(path: Content, answered: Sequence[FaceAnswers]) -> None:
    tables = [face.table for face in answered]
    if all((table["fault"] != "").all() for table in tables):
        reason = _commonest(fault for table in tables for fault in table["fault"])
        raise InputError(f"{path}: none of its {sum(map(len, tables))} glyphs can be drawn ({reason})")


def _commonest(reasons: Iterator[str]) -> str:
    counted = pd.Series(list(reasons)).value_counts()
    return f"{counted.index[0]}, {counted.iloc[0]} times"
