"""``glyphlens index`` and ``similar`` about glyphs, from their options to what is printed and written."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from glyphlens.commands.face_pictures import FONT_SUFFIXES
from glyphlens.commands.glyph_indexing import read_font_glyphs
from glyphlens.commands.image_pictures import IMAGE_SUFFIXES
from glyphlens.commands.inputs import find_inputs, name_bad, require_kept
from glyphlens.commands.model import find_model, model_files, open_model
from glyphlens.commands.near_glyphs import (
    GlyphAsker,
    GlyphQuery,
    font_place,
    glyph_tiles,
    is_arabic,
    is_font,
    near_glyphs,
    near_glyphs_on_screen,
)
from glyphlens.commands.output import Format, save_answers, shown_place
from glyphlens.commands.run import Wanted, prepare_outputs
from glyphlens.commands.screen import console
from glyphlens.commands.sheet import save_sheet
from glyphlens.commands.similar import check_features, give_nearest
from glyphlens.core.errors import InputError
from glyphlens.core.storage import STANDARD_OUTPUT, is_there
from glyphlens.inference.approximate import require_faiss
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.glyph_index import Storage, require_index_place, save_index
from glyphlens.tracks import flagship
from glyphlens.tracks.arabic.reader import drawing_rule

MANY = 1_000_000  # glyphs beyond which exact search takes a second a query


def run_index(fonts: Sequence[Path], out: Path, model: Path | None, storage: Storage, threads: int) -> int:
    """An index of the glyphs of fonts; 1 where some could not be used, 2 (and nothing written) where none could."""
    require_index_place(out)
    if storage == "faiss":
        require_faiss()
    recognizer = open_model(model, threads)
    rule = drawing_rule(recognizer)
    asked = find_inputs(fonts, FONT_SUFFIXES)
    found = read_font_glyphs(asked.files, Embedder.load(recognizer.path, threads=threads), rule)
    count = len(found.glyphs.table)
    if count:
        save_index(out, found.glyphs, recognizer.path, storage)
        used = found.glyphs.table["font"].nunique()
        hint = "; --approximate would answer sooner" if count > MANY and storage != "faiss" else ""
        fonts_words = f"{used} font{'s' if used > 1 else ''}"
        print(f"{shown_place(out)}: index of {count:,} glyphs of {fonts_words} written{hint}", file=sys.stderr)
    return name_bad([*asked.problems, *found.problems], is_any_answered=bool(count))


def asks_about_glyphs(asked: Sequence[Path], index: Path | None, model: Path | None) -> bool:
    """Whether the queries are for an index of glyphs rather than for characters that a model with prototypes knows.

    They are where an index is named, a query is a font or Arabic, or all are files and the model is a classifier.
    """
    texts = [str(path) for path in asked if not is_there(path)]
    if index is not None or any(map(is_font, map(str, asked))) or any(map(is_arabic, texts)):
        return True
    if model is None or any(not text.isascii() or ":" in text for text in texts):
        return False
    try:
        found = find_model(model, flagship())
        return ExportFolder(found if found.is_dir() else found.parent).manifest.decoder == "softmax"
    except InputError:  # the command that is chosen says it
        return False


def run_similar_glyphs(
    asked: Sequence[Path], wanted: Wanted, index: Path | None, features: Path | None, *, max_pixels: int
) -> int:
    """The nearest glyphs of glyphs, pictures and letters; 1 where some could not be used, 2 where none could."""
    form = prepare_outputs(wanted)
    if features is not None:
        check_features(features)
    recognizer = open_model(wanted.model or Path(flagship().name), wanted.threads)
    drawing_rule(recognizer)
    files = [path for path in asked if is_there(path) or path.suffix.lower() in IMAGE_SUFFIXES or is_font(str(path))]
    found = find_inputs(files, (*FONT_SUFFIXES, *IMAGE_SUFFIXES))
    read = [font_place(str(path)).font for path in found.files]
    kept = [wanted.output, wanted.sheet, features]
    require_kept([*read, *_files_of(index), *model_files(recognizer)], kept)
    asker = GlyphAsker(recognizer, index, wanted.threads)
    asker.index  # noqa: B018 - a bad index is said before anything is read
    queries: list[GlyphQuery] = []
    for path in found.files:
        queries += asker.glyphs(str(path)) if is_font(str(path)) else asker.pictures(path, max_pixels=max_pixels)
    for path in asked:
        queries += asker.letters(str(path)) if path not in files else ()
    give = partial(_give_near, queries, asker, wanted, form)
    return give_nearest(queries, found.problems, recognizer, features, give)


def _give_near(queries: Sequence[GlyphQuery], asker: GlyphAsker, wanted: Wanted, form: Format) -> None:
    """Write the file and the sheet that were asked for, before a screen that may be closed early."""
    table = near_glyphs(queries, asker.index, wanted.top)
    answers = table.drop(columns="row")
    if wanted.output is not None or form != "table":
        save_answers(wanted.output or STANDARD_OUTPUT, answers, form)
    if wanted.output is not None:
        print(f"{shown_place(wanted.output)}: {len(queries)} quer{'ies' if len(queries) > 1 else 'y'}", file=sys.stderr)
    if wanted.sheet is not None:
        title = f"nearest of {len(asker.index):,} glyphs"
        for page in save_sheet(wanted.sheet, *glyph_tiles(queries, table, asker.index), "tile", title):
            print(f"{shown_place(page)}: sheet written", file=sys.stderr)
    if wanted.output is None and form == "table":
        screen = console(stderr=wanted.sheet == STANDARD_OUTPUT)
        screen.print(near_glyphs_on_screen(answers, screen.width))


def _files_of(index: Path | None) -> list[Path]:
    """The files of an index, which no answer may be written over."""
    return sorted(index.iterdir()) if index is not None and is_there(index) and index.is_dir() else []
