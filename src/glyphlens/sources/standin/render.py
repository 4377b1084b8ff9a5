"""The rendered stand-in for handwriting: simulated writers and the Japanese fonts, one group each.

N samples · M samples with strokes · C characters
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.shards import map_shards
from glyphlens.data.produced import PRODUCED_COLUMNS, STROKE_NUMBERS, STROKES, Produced
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.drawing import FontShard, WriterShard, draw_font, draw_writer
from glyphlens.sources.standin.params import StandinParams
from glyphlens.sources.standin.proportions import Proportions
from glyphlens.sources.standin.script import script_of


def render_standin(
    fonts: Path, kanjivg: KanjiVG, params: StandinParams, handwriting: HandwritingParams, seed: int, workers: int = 1
) -> Produced:
    """Every character of ``params`` by every simulated writer and ``font_copies`` times from every font of ``fonts``.

    The writers' samples, which have strokes, come first. The same whatever the number of workers. Raises InputError for
    a character without strokes in KanjiVG, a font that cannot be read, and where nothing is to be drawn.
    """
    if not params.writers and not params.font_copies:
        raise InputError("params.yaml, standin: `writers` and `font_copies` are both 0; nothing would be drawn")
    lettered, models = _lettered(fonts, params, handwriting, seed, workers)
    written = _written(kanjivg, models, params, handwriting, seed, workers)
    index = pd.concat([written.index, lettered.index], ignore_index=True)
    pixels_NHW = np.concatenate([written.pixels_NHW, lettered.pixels_NHW])
    return Produced(pixels_NHW, index, written.strokes_MSF, written.stroke_rows_M)


def _written(
    kanjivg: KanjiVG,
    models: tuple[Proportions, ...],
    params: StandinParams,
    handwriting: HandwritingParams,
    seed: int,
    workers: int,
) -> Produced:
    characters = params.all_characters()
    script = script_of(characters, kanjivg)
    shards = [WriterShard(writer, seed, script, models, params, handwriting) for writer in range(params.writers)]
    pages = list(map_shards(draw_writer, shards, workers, "simulated writers"))
    rows = [_rows(characters, f"writer/{shard.writer:03d}", "strokes", "", shard.writer) for shard in shards]
    strokes = [page.strokes_CSF for page in pages]
    return Produced(
        _pictures([page.pixels_CHW for page in pages], handwriting),
        _table(rows),
        np.concatenate([np.empty((0, STROKES, STROKE_NUMBERS), np.float32), *strokes]),
        np.arange(len(characters) * len(shards), dtype=np.int64),
    )


def _lettered(
    fonts: Path, params: StandinParams, handwriting: HandwritingParams, seed: int, workers: int
) -> tuple[Produced, tuple[Proportions, ...]]:
    """The fonts' samples, and the proportions of each font."""
    manifest = load_fonts(fonts) if params.font_copies else pd.DataFrame({"file": [], "family": []})
    shards = [
        FontShard(fonts / str(file), number, seed, params.all_characters(), params.font_copies, params, handwriting)
        for number, file in enumerate(manifest["file"])
    ]
    pages = list(map_shards(draw_font, shards, workers, "fonts"))
    rows = [
        _rows(page.characters, f"font/{family}", "font", shard.font.name, -1)
        for shard, family, page in zip(shards, manifest["family"], pages, strict=True)
    ]
    pixels_NHW = _pictures([page.pixels_NHW for page in pages], handwriting)
    no_strokes = np.empty((0, STROKES, STROKE_NUMBERS), np.float32), np.empty(0, np.int64)
    return Produced(pixels_NHW, _table(rows), *no_strokes), tuple(page.proportions for page in pages)


def _pictures(parts: list[NDArray[np.uint8]], handwriting: HandwritingParams) -> NDArray[np.uint8]:
    none = np.empty((0, handwriting.image_px, handwriting.image_px), np.uint8)
    return np.concatenate([none, *parts])


def _rows(characters: tuple[str, ...], group: str, kind: str, file: str, writer: int) -> pd.DataFrame:
    facts = {"group": group, "source": "rendered", "set": kind, "file": file, "record": -1, "writer": writer}
    unknown = {"code": "", "quality": -1, "sex": -1, "age": -1}
    return pd.DataFrame({"label": list(characters), **facts, **unknown})[list(PRODUCED_COLUMNS)]


def _table(rows: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(rows, ignore_index=True) if rows else _rows((), "", "", "", -1)
