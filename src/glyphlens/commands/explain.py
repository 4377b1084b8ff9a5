"""``glyphlens explain``: which cells of a glyph speak for the answer, and what it would be without them.

H×W pixels · F = 7 geometry features · C classes · V views of the glyph
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from glyphlens.commands.face_pictures import FONT_SUFFIXES, face_pictures, open_font
from glyphlens.commands.image_pictures import read_pictures
from glyphlens.commands.inputs import require_kept
from glyphlens.commands.model import model_files, open_model
from glyphlens.commands.output import check_picture, shown_place
from glyphlens.commands.predict import preparation
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import STANDARD_OUTPUT, is_there
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.geometry import FEATURES
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.glyph_index import GlyphIndex
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Feeds, Recognizer
from glyphlens.tracks.arabic.evaluation.occlusion import (
    Occlusion,
    cell_name,
    connected_parts,
    fewest_together,
    occlude,
    span_name,
)
from glyphlens.tracks.arabic.members import class_members, likely_first
from glyphlens.tracks.arabic.reader import drawing_rule

SHOWN_CELLS, SHOWN_PARTS = 6, 6
NUMBER_MARK = "#"  # between a font and the number of its glyph


class Subject(NamedTuple):
    """The glyph to explain: what it is called, its picture (H, W) 0 or 255, its geometry (F,), all 0 = unknown."""

    name: str
    image_HW: NDArray[np.uint8]
    geometry_F: NDArray[np.float32]


class Effect(NamedTuple):
    """What is taken away, and what the answer is then: label, its probability, and that of the answer to the whole."""

    removed: str
    label: str
    confidence: float
    kept: float


class Explanation(NamedTuple):
    """``ranked``: the best answers to the whole glyph with their probabilities; ``effects``: what changes them."""

    subject: Subject
    ranked: list[tuple[str, float]]
    effects: list[Effect]
    heat_RC: NDArray[np.float64]
    tipping_RC: NDArray[np.bool_]
    is_single: bool


def run_explain(
    asked: Path,
    picture: Path | None,
    model: Path | None,
    index: Path | None,
    *,
    top: int,
    face: int,
    diacritic: bool,
    threads: int,
) -> int:
    """Explain one glyph on the screen, and as a picture where one is asked for; the exit status is 0."""
    if picture is not None:
        check_picture(picture)
    recognizer = open_model(model, threads)
    require_kept([glyph_place(asked)[0], *model_files(recognizer)], [picture])
    subject = open_subject(asked, recognizer, face=face, diacritic=diacritic)
    near = [] if index is None else [near_words(subject, recognizer, index, top)]
    found = explain(subject, recognizer, top)
    if picture is not None:
        from glyphlens.commands.explain_picture import plot_explanation

        plot_explanation(picture, found)
        print(f"{shown_place(picture)}: picture written", file=sys.stderr)
    screen = console(stderr=picture == STANDARD_OUTPUT)
    screen.print(answer_words(found))
    screen.print(effects_on_screen(found, screen.width))
    for line in (*near, *closing_words(found)):
        screen.print(line)
    return 0


def explain(subject: Subject, recognizer: Recognizer, top: int = 5) -> Explanation:
    """Take ink away from a glyph in every way and note what the recogniser says then."""
    names = [members[0].label for members in likely_first(class_members(recognizer.classes), None)]
    image_HW, geometry_F = subject.image_HW, subject.geometry_F
    found = occlude(recognizer, image_HW, geometry_F)
    heat_RC, tipping = found.heat_RC(found.answer), found.tipping()

    def effect(removed: str, probabilities_C: NDArray[np.float32]) -> Effect:
        best = int(probabilities_C.argmax())
        return Effect(removed, names[best], float(probabilities_C[best]), float(probabilities_C[found.answer]))

    effects = [effect(name, row) for name, row in _without_parts(subject, recognizer)]
    if geometry_F.any():
        row_C = _read(recognizer, image_HW[None], np.zeros_like(geometry_F))[0]
        effects.append(effect("its place and size in the em", row_C))
    order = sorted(range(len(found.cells)), key=lambda place: (-abs(heat_RC[found.cells[place]]), place))
    shown = [place for place in order if found.cells[place] in tipping] or order[:SHOWN_CELLS]
    effects += [effect(f"cell {cell_name(found.cells[place])}", found.without_KC[place]) for place in shown]
    together: list[tuple[int, int]] = []
    if not tipping:
        together, row_C = fewest_together(recognizer, image_HW, geometry_F, found)
        if together:
            effects.append(effect(_cells_text(together), row_C))
    tipping_RC = np.zeros(found.shape, np.bool_)
    for cell in tipping or together:
        tipping_RC[cell] = True
    return Explanation(subject, _ranked(found, names, top), effects, heat_RC, tipping_RC, bool(tipping))


def open_subject(asked: Path, recognizer: Recognizer, *, face: int, diacritic: bool) -> Subject:
    """A glyph of a font, ``FONT#37``, or the first page of a picture; raises InputError where there is none."""
    path, gid = glyph_place(asked)
    if gid is not None:
        return _glyph(path, gid, face, recognizer)
    if path.suffix.lower() in FONT_SUFFIXES:
        raise InputError(f"{shown(path)}: which glyph? Add its number: {shown(path)}{NUMBER_MARK}37 (see identify)")
    drawing_rule(recognizer)  # only models of Arabic glyphs are known to be made of cells
    page = next(read_pictures(path, preparation(recognizer, diacritic=diacritic)))
    if page.pixels_hw is None:
        raise InputError(f"{page.name}: {page.fault}")
    return Subject(page.name, page.pixels_hw, np.zeros(FEATURES, np.float32))


def glyph_place(asked: Path) -> tuple[Path, str | None]:
    """The file, and what stands after its last # where that is no part of the file's name."""
    before, mark, after = str(asked).rpartition(NUMBER_MARK)
    return (asked, None) if is_there(asked) or not mark or not before else (Path(before), after)


def effects_on_screen(found: Explanation, width: int) -> Table:
    """A line for everything that was taken away."""
    first = found.ranked[0][0]
    columns = [Column("without", is_key=True), Column("read as"), Column("sure", is_number=True)]
    columns.append(Column(f"{first} then", is_number=True))
    rows = [
        [effect.removed, effect.label, f"{effect.confidence:.1%}", f"{effect.kept:.1%}"] for effect in found.effects
    ]
    return fitted_table("", columns, rows, width)


def near_words(subject: Subject, recognizer: Recognizer, place: Path, top: int) -> str:
    """The labels and fonts of the nearest known glyphs; raises InputError for an index of another model."""
    index = GlyphIndex.open(place)
    index.require_made_by(recognizer.path)
    feeds: Feeds = {RASTER: subject.image_HW[None], GEOMETRY: subject.geometry_F[None]}
    nearest = index.nearest(Embedder.load(recognizer.path).embeddings(feeds), top)
    rows = index.table.iloc[nearest.rows_QK[0]].to_dict("records")
    said = [
        f"{row['label'] or 'unnamed'} of {Path(row['font']).name} ({similarity:.2f})"
        for row, similarity in zip(rows, nearest.similarity_QK[0].tolist(), strict=True)
    ]
    return f"Nearest known glyphs (cosine): {', '.join(said)}."


def answer_words(found: Explanation) -> str:
    """The answer to the whole glyph, and the runners-up."""
    said, *others = (f"{label} {share:.1%}" for label, share in found.ranked)
    return f"{found.subject.name}: {said}{'; or else ' if others else ''}{', '.join(others)}"


def closing_words(found: Explanation) -> list[str]:
    """What the table means, in a sentence or two."""
    label, count = found.ranked[0][0], int(found.tipping_RC.sum())
    inked = int(np.count_nonzero(found.heat_RC))
    if found.is_single:
        said = f"Without any one of {count} of its cells the glyph is no longer read as {label}."
    elif count:
        said = f"No single cell decides: {count} of {inked} have to go together before the answer changes."
    else:
        said = f"Whatever is taken away, the answer stays {label}."
    return [said, "Cells are called as on a chess board: columns A–P from the left, rows 1–16 from the top."]


def _without_parts(subject: Subject, recognizer: Recognizer) -> list[tuple[str, NDArray[np.float32]]]:
    """Each connected piece of ink by the box around it, and the probabilities (C,) without it."""
    masks = connected_parts(subject.image_HW)
    if len(masks) < 2:
        return []
    masks = masks[:SHOWN_PARTS]
    views_VHW = np.stack([np.where(mask_HW, 0, subject.image_HW).astype(np.uint8) for mask_HW in masks])
    return [
        (f"the part in {span_name(mask_HW)}", row_C)
        for mask_HW, row_C in zip(masks, _read(recognizer, views_VHW, subject.geometry_F), strict=True)
    ]


def _read(recognizer: Recognizer, views_VHW: NDArray[np.uint8], geometry_F: NDArray[np.float32]) -> NDArray[np.float32]:
    return recognizer.probabilities({RASTER: views_VHW, GEOMETRY: np.repeat(geometry_F[None], len(views_VHW), axis=0)})


def _ranked(found: Occlusion, names: Sequence[str], top: int) -> list[tuple[str, float]]:
    best = np.argsort(-found.probabilities_C, kind="stable")[:top]
    return [(names[place], float(found.probabilities_C[place])) for place in best.tolist()]


def _cells_text(cells: Sequence[tuple[int, int]]) -> str:
    listed = ", ".join(map(cell_name, cells[:SHOWN_CELLS]))
    return f"{len(cells)} cells together: {listed}{', …' if len(cells) > SHOWN_CELLS else ''}"


def _glyph(path: Path, asked: str, face: int, recognizer: Recognizer) -> Subject:
    faces = open_font(path)
    if face >= len(faces):
        raise InputError(f"{shown(path)}: --face {face}, but it has {len(faces)}, counted from 0")
    gid = _glyph_number(path, faces[face], asked)
    (pictures,) = face_pictures(faces[face], drawing_rule(recognizer), gids=[gid])
    name = f"{shown(path)}{NUMBER_MARK}{gid}"
    if gid in pictures.faults:
        raise InputError(f"{name}: {pictures.faults[gid]}")
    return Subject(name, unpack_bits(pictures.packed_GHB)[0] * np.uint8(255), pictures.geometry_GF[0])


def _glyph_number(path: Path, face: FontFace, asked: str) -> int:
    """The number that is given, or that of the glyph which the font calls so; raises InputError."""
    count = face.glyph_count
    if asked.isascii() and asked.isdecimal():
        if int(asked) < count:
            return int(asked)
        raise InputError(f"{shown(path)}: glyph number {asked}, but it has {count:,}, counted from 0")
    for gid in range(count):
        if asked and face.glyph_name(gid) == asked:
            return gid
    raise InputError(f"{shown(path)}: no glyph is called '{shown(asked)}'; give its number, 0 to {count - 1:,}")
