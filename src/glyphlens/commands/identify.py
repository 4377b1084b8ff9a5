"""``glyphlens identify``: what every glyph of a font is, from its outline alone.

N glyphs · F = 7 geometry features
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.commands.answers import answer_table
from glyphlens.commands.check import TOP, expected_glyphs, judge, labels_by_picture
from glyphlens.commands.class_matching import class_numbers
from glyphlens.commands.face_pictures import Pictures, face_pictures, open_font
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.reading import Best, best_classes, joined
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer
from glyphlens.tracks.arabic.glyphs.candidates import Candidate, candidates
from glyphlens.tracks.arabic.reader import drawing_rule

NOT_A_CLASS = "not a class"


class FaceAnswers(NamedTuple):
    """One face: table of answers, pictures (N, 128, 16) packed, and the verdicts of ``--check``."""

    table: pd.DataFrame
    packed_NHB: NDArray[np.uint8]
    verdicts: pd.DataFrame


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


def identify_fonts(files: Sequence[Path], recognizer: Recognizer, *, top: int = 5, check: bool = False) -> Identified:
    """Answers for every glyph of every face; a font that cannot be used becomes a problem and the others go on."""
    found = Identified()
    checked = _letters(check)
    with tqdm(unit="glyph", desc="identify", disable=None, leave=False) as progress:
        for path in files:
            try:
                faces = open_font(path)
                progress.total = (progress.total or 0) + sum(face.glyph_count for face in faces)
                answered = [
                    identify_face(face, recognizer, (shown(path), number), progress, top=top, letters=checked)
                    for number, face in enumerate(faces)
                ]
                _refuse_undrawn(path, answered)
            except InputError as error:
                found.problems.append(str(error))
            else:
                found.faces += answered
    return found


def identify_face(
    face: FontFace,
    recognizer: Recognizer,
    place: tuple[str, int],
    progress: tqdm,
    *,
    top: int,
    letters: Sequence[Candidate],
) -> FaceAnswers:
    """Answers for every glyph number of one face; ``place`` is the file and the face's number in it."""
    rule = drawing_rule(recognizer)
    batches: list[Pictures] = []
    best: list[Best] = []
    for pictures in face_pictures(face, rule):
        batches.append(pictures)
        best.append(recognize(recognizer, pictures, max(top, TOP)))
        progress.update(len(pictures.gids_G))
    answers = joined(best, top)
    faults = {gid: reason for pictures in batches for gid, reason in pictures.faults.items()}
    subjects = pd.DataFrame({"font": place[0], "face": place[1], "gid": np.arange(face.glyph_count)})
    table = answer_table(
        subjects, answers, [faults.get(gid, "") for gid in range(face.glyph_count)], recognizer.classes, top
    )
    packed_NHB = np.concatenate([pictures.packed_GHB for pictures in batches])
    return _checked(FaceAnswers(table, packed_NHB, pd.DataFrame()), face, answers, recognizer, letters)


def recognize(recognizer: Recognizer, pictures: Pictures, count: int) -> Best:
    """Best classes of a batch; glyphs without a picture are not shown to the network."""
    drawn = np.array([int(gid) not in pictures.faults for gid in pictures.gids_G])
    rasters_NHW = unpack_bits(pictures.packed_GHB[drawn]) * np.uint8(255)
    drawn_best = best_classes(
        recognizer.probabilities({RASTER: rasters_NHW, GEOMETRY: pictures.geometry_GF[drawn]}), count
    )
    width = drawn_best.classes_NK.shape[1]
    best = Best(np.zeros((len(drawn), width), np.int64), np.zeros((len(drawn), width), np.float32))
    best.classes_NK[drawn], best.confidence_NK[drawn] = drawn_best
    return best


def _checked(
    answers: FaceAnswers, face: FontFace, best: Best, recognizer: Recognizer, letters: Sequence[Candidate]
) -> FaceAnswers:
    """With verdicts and the columns ``expected`` and ``agrees``, where letters are given to check with."""
    if not letters:
        return answers
    is_drawn = (answers.table["fault"] == "").tolist()
    expected = {gid: entry for gid, entry in expected_glyphs(face, letters).items() if is_drawn[gid]}
    alike = labels_by_picture(expected, answers.packed_NHB)
    verdicts = judge(expected, alike, best, class_numbers(recognizer.classes))
    agrees = {row.gid: ("yes" if row.top1 else "no") if row.known else NOT_A_CLASS for row in verdicts.itertuples()}
    labels = [" | ".join(expected[gid].labels) if gid in expected else "" for gid in range(len(is_drawn))]
    table = answers.table.assign(expected=labels, agrees=[agrees.get(gid, "") for gid in range(len(is_drawn))])
    return FaceAnswers(table, answers.packed_NHB, verdicts)


def _letters(check: bool) -> list[Candidate]:
    return candidates() if check else []


def _refuse_undrawn(path: Path, answered: Sequence[FaceAnswers]) -> None:
    tables = [face.table for face in answered]
    if all((table["fault"] != "").all() for table in tables):
        reason = _commonest(fault for table in tables for fault in table["fault"])
        raise InputError(f"{path}: none of its {sum(map(len, tables))} glyphs can be drawn ({reason})")


def _commonest(reasons: Iterator[str]) -> str:
    counted = pd.Series(list(reasons)).value_counts()
    return f"{counted.index[0]}, {counted.iloc[0]} times"
