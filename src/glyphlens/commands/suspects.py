"""``glyphlens suspects``: training labels that look wrong, and glyphs of one's own fonts that are worth a look.

G or N glyphs · C classes · E numbers of an embedding · H×W pixels · B = W/8 bytes a row of packed pixels
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from glyphlens.commands.face_pictures import FONT_SUFFIXES, Pictures, face_pictures, open_font
from glyphlens.commands.glyph_indexing import default_index, drawn_only, embed_pictures
from glyphlens.commands.identify import READ_TOGETHER, recognize
from glyphlens.commands.inputs import find_inputs, name_bad, require_kept
from glyphlens.commands.model import REPOSITORY, model_files, open_model
from glyphlens.commands.output import Format, check_writable, output_format, save_answers, shown_place
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.commands.suspect_sheet import Asked, save_label_sheet
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import STANDARD_OUTPUT, is_stream, is_there, load_table, sha256_file
from glyphlens.data.sample_set import SampleSet, unpack_bits
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.glyph_index import GlyphIndex
from glyphlens.inference.reading import best_classes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks import tracks
from glyphlens.tracks.arabic.evaluation.worth_labelling import alike_glyphs, most_worth, worth_of
from glyphlens.tracks.arabic.font_context import context_of
from glyphlens.tracks.arabic.glyphs.glyph_tables import face_hash
from glyphlens.tracks.arabic.members import class_members, likely_first
from glyphlens.tracks.arabic.reader import drawing_rule
from glyphlens.tracks.arabic.refusal import likelier_other

TABLE = "suspects.parquet"  # of a track's stage, somewhere in its folder of data
RASTERS = "rasters"  # the sample set beside the Arabic track's table
OFFERED = 3  # answers among which a person chooses
DIGITS = 4


class SuspectsWanted(NamedTuple):
    """Where to write what: the table, the page with boxes to tick; how many rows; which model, which known glyphs."""

    output: Path | None
    format: Format | None
    sheet: Path | None
    top: int
    model: Path | None
    known: Path | None
    threads: int


class OwnGlyphs(NamedTuple):
    """The drawn glyphs of a font: which they are, what they are read as, where they lie, their pictures."""

    subjects: pd.DataFrame
    probabilities_GC: NDArray[np.float32]
    vectors_GE: NDArray[np.float32]
    packed_GHB: NDArray[np.uint8]


def run_training_suspects(track: str, wanted: SuspectsWanted) -> int:
    """The labels that a track's stage doubts; the exit status is 1 where there are some."""
    form = _prepare(wanted)
    path = suspects_file(track)
    table = load_table(path)
    shown_rows = table.head(wanted.top)
    require_kept([path], [wanted.output, wanted.sheet])
    _save(shown_rows, wanted, form)
    if wanted.sheet is not None:
        _save_sheet(wanted.sheet, _training_entries(path, shown_rows), f"{len(table):,} labels of {track} are doubted")
    _show(shown_rows, ("label", "read_as", "margin"), wanted, form)
    print(f"{len(table):,} labels are doubted, {len(shown_rows):,} are shown ({shown(path)})", file=sys.stderr)
    return int(bool(len(table)))


def run_own_suspects(fonts: Sequence[Path], wanted: SuspectsWanted) -> int:
    """The glyphs of fonts that are most worth a look; 1 where some fonts could not be used, 2 where none could."""
    form = _prepare(wanted)
    asked = find_inputs(fonts, FONT_SUFFIXES)
    recognizer = open_model(wanted.model, wanted.threads)
    require_kept([*asked.files, *model_files(recognizer)], [wanted.output, wanted.sheet])
    embedder, problems, parts = Embedder.load(recognizer.path, threads=wanted.threads), list(asked.problems), []
    for path in asked.files:
        try:
            parts += font_glyphs(path, recognizer, embedder)
        except InputError as error:
            problems.append(str(error))
    if parts:
        index = _known_glyphs(wanted.known, recognizer, embedder)
        table, packed_NHB = worth_a_look(parts, recognizer, index, wanted.top)
        _save(table, wanted, form)
        if wanted.sheet is not None:
            _save_sheet(wanted.sheet, _own_entries(table, packed_NHB), f"{len(table)} glyphs that are worth a look")
        _show(table, ("gid", "label", "sure", "label_2", "nearest", "stands_for", "worth"), wanted, form)
    return name_bad(problems, is_any_answered=bool(parts))


def font_glyphs(path: Path, recognizer: Recognizer, embedder: Embedder) -> list[OwnGlyphs]:
    """The glyphs of each face of a font, read together where the recogniser has a context network beside it; without
    those that are rather none that the recogniser knows, such as icons."""
    context, rule, faces = context_of(recognizer), drawing_rule(recognizer), open_font(path)
    digest, found = sha256_file(path), []
    for number, face in enumerate(faces):
        batches = [drawn_only(pictures) for pictures in face_pictures(face, rule)]
        pictures = Pictures(
            np.concatenate([batch.gids_G for batch in batches]),
            np.concatenate([batch.packed_GHB for batch in batches]),
            np.concatenate([batch.geometry_GF for batch in batches]),
            {},
        )
        probabilities_GC = recognize(recognizer, pictures)
        kept_G = ~likelier_other(recognizer, probabilities_GC)
        if not kept_G.any():
            continue
        for start in range(0, len(kept_G) if context else 0, READ_TOGETHER):
            together = slice(start, start + READ_TOGETHER)
            probabilities_GC[together] = context.correct(probabilities_GC[together]) if context else 0
        arrays = (pictures.gids_G[kept_G], pictures.packed_GHB[kept_G], pictures.geometry_GF[kept_G])
        pictures, probabilities_GC = Pictures(*arrays, {}), probabilities_GC[kept_G]
        gids = pictures.gids_G.tolist()
        names = [shown(face.glyph_name(gid)) for gid in gids]
        facts = {"font": shown(path), "face": number, "gid": gids, "name": names}
        subjects = pd.DataFrame({**facts, "font_hash": face_hash(digest, number)})
        found.append(OwnGlyphs(subjects, probabilities_GC, embed_pictures(embedder, pictures), pictures.packed_GHB))
    if not found:
        raise InputError(f"{path}: no glyph that the recogniser may know; it has no class for those that are drawn")
    return found


def worth_a_look(
    parts: Sequence[OwnGlyphs], recognizer: Recognizer, index: GlyphIndex | None, top: int
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """The ``top`` glyphs, best first, and their packed pictures. Columns: those of the subjects, label, sure, label_2,
    sure_2, …, nearest (label of the nearest known glyph), entropy (nats), novelty, stands_for, worth.

    Without an index nothing is known, and all glyphs are equally new.
    """
    subjects = pd.concat([part.subjects for part in parts], ignore_index=True)
    probabilities_NC = np.concatenate([part.probabilities_GC for part in parts])
    vectors_NE = np.concatenate([part.vectors_GE for part in parts])
    nearest, novelty_N = _nearest(index, vectors_NE)
    alike = alike_glyphs(vectors_NE)
    worth = worth_of(probabilities_NC, novelty_N, alike)
    names = [members[0].label for members in likely_first(class_members(recognizer.classes), None)]
    best = best_classes(probabilities_NC, OFFERED)
    columns: dict[str, object] = {}
    for rank in range(best.classes_NK.shape[1]):
        ending = f"_{rank + 1}" if rank else ""
        columns[f"label{ending}"] = [names[number] for number in best.classes_NK[:, rank].tolist()]
        columns[f"sure{ending}"] = best.confidence_NK[:, rank].astype(np.float64).round(DIGITS)
    columns |= {"nearest": nearest, "entropy": worth.entropy_N.round(DIGITS), "novelty": worth.novelty_N.round(DIGITS)}
    columns |= {"stands_for": worth.stands_for_N, "worth": worth.worth_N.round(DIGITS)}
    chosen = most_worth(worth.worth_N, alike, top)
    table = pd.concat([subjects, pd.DataFrame(columns)], axis=1).iloc[chosen].reset_index(drop=True)
    return table, np.concatenate([part.packed_GHB for part in parts])[chosen]


def suspects_file(track: str) -> Path:
    """The table that a track's stage wrote, below the working folder or beside the sources; raises InputError."""
    places = [root / "data" / track for root in (Path(), REPOSITORY)]
    found = [path for place in places if is_there(place) for path in sorted(place.glob(f"*/{TABLE}"))]
    if not found:
        stage = {"arabic": "suspects", "kanji": "kanji_samples"}.get(track, tracks()[track].final_stage)
        raise InputError(f"{track}: no {TABLE} in {places[0]}; `dvc repro {stage}` writes it where the track has one")
    return found[0]


def suspects_on_screen(table: pd.DataFrame, names: Sequence[str], width: int) -> Table:
    """A line a row, with the columns that are there."""
    place = [name for name in ("font", "file", "group", "glyph", "record") if name in table]
    columns = [*place, *(name for name in names if name in table)]
    rows = [[_cell(row[name]) for name in columns] for row in table.to_dict("records")]
    return fitted_table("", [Column(name, is_key=name not in place) for name in columns], rows, width)


def _nearest(index: GlyphIndex | None, vectors_NE: NDArray[np.float32]) -> tuple[list[str], NDArray[np.float64]]:
    """The label of the nearest known glyph, and 1 − the cosine to it."""
    if index is None:
        return [""] * len(vectors_NE), np.ones(len(vectors_NE))
    found = index.nearest(vectors_NE, 1)
    labels = index.table["label"].to_numpy(object)[found.rows_QK[:, 0]]
    return [str(label) for label in labels], 1 - found.similarity_QK[:, 0].astype(np.float64)


def _known_glyphs(path: Path | None, recognizer: Recognizer, embedder: Embedder) -> GlyphIndex | None:
    if path is not None:
        index = GlyphIndex.open(path)
        index.require_made_by(recognizer.path)
        return index
    try:
        return default_index(recognizer, lambda: embedder)
    except InputError as error:
        print(f"suspects: how new a glyph is cannot be said, so it does not count ({error})", file=sys.stderr)
        return None


def _prepare(wanted: SuspectsWanted) -> Format:
    form = output_format(wanted.output, wanted.format)
    if wanted.output is not None:
        check_writable(wanted.output)
    if wanted.sheet is not None:
        if wanted.sheet.suffix.lower() not in (".html", ".htm") and not is_stream(wanted.sheet):
            raise InputError(f"{wanted.sheet}: the sheet is a page with boxes to tick; name it .html")
        check_writable(wanted.sheet)
    return form


def _save(table: pd.DataFrame, wanted: SuspectsWanted, form: Format) -> None:
    if wanted.output is not None or form != "table":
        save_answers(wanted.output or STANDARD_OUTPUT, table, form)
    if wanted.output is not None:
        print(f"{shown_place(wanted.output)}: {len(table):,} rows", file=sys.stderr)


def _show(table: pd.DataFrame, names: Sequence[str], wanted: SuspectsWanted, form: Format) -> None:
    if wanted.output is None and form == "table":
        screen = console(stderr=wanted.sheet == STANDARD_OUTPUT)
        screen.print(suspects_on_screen(table, names, screen.width))


def _save_sheet(path: Path, entries: Sequence[Asked], title: str) -> None:
    save_label_sheet(path, entries, title)
    print(f"{shown_place(path)}: sheet written; open it in a browser", file=sys.stderr)


def _training_entries(path: Path, table: pd.DataFrame) -> list[Asked]:
    """A question for each doubted label of the Arabic track; other tracks have a sheet of their own."""
    if not {"font", "glyph", "sample_id"} <= set(table.columns):
        raise InputError(f"--sheet: {path} names no glyphs of fonts; its stage draws {path.with_suffix('.png')}")
    samples = SampleSet.open(path.parents[1] / RASTERS)
    rows = samples.index.reset_index().set_index("sample_id").loc[table["sample_id"], "index"].to_numpy(np.int64)
    return [
        Asked(row["font"], row["glyph"], pixels_HW, (row["label"], row["read_as"]), f"{row['group']}: {row['glyph']}")
        for row, pixels_HW in zip(table.to_dict("records"), samples.images(rows), strict=True)
    ]


def _own_entries(table: pd.DataFrame, packed_NHB: NDArray[np.uint8]) -> list[Asked]:
    pictures_NHW = unpack_bits(packed_NHB) * np.uint8(255)
    entries = []
    for row, pixels_HW in zip(table.to_dict("records"), pictures_NHW, strict=True):
        offered = tuple(row[name] for name in ("label", "label_2", "label_3") if name in row)
        note = f"{Path(row['font']).name} glyph {row['gid']}, stands for {row['stands_for']}"
        entries.append(Asked(row["font_hash"], str(row["gid"]), pixels_HW, offered, note))
    return entries


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
