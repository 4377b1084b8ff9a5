"""Plain pictures of every character that nobody wrote: KanjiVG's strokes with a medium pen, and glyphs of fonts.

C characters · T templates of each · P×P pixels · S strokes · K points along a stroke
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.shards import map_shards, shard_slices
from glyphlens.core.storage import save_array, save_json
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.sources.standin.lettering import draw_glyphs
from glyphlens.sources.standin.pen import CELL_HEIGHT, CELL_WIDTH, draw_lines
from glyphlens.sources.standin.script import Script

STROKES = "strokes"  # the name of KanjiVG's
PEN_PX, SQUARE_PX = 4.5, 96.0  # of a cell: the pen's width, the side of KanjiVG's square
GLYPH_PX = 64  # em of a font's glyph: a prepared picture is about as large
CHARACTERS_PER_SHARD = 1600


class Templates(NamedTuple):
    """``pictures_CTPP`` uint8, all 0 where ``has_CT`` is not; ``names``: "strokes", then font files."""

    names: tuple[str, ...]
    pictures_CTPP: NDArray[np.uint8]
    has_CT: NDArray[np.bool_]

    def save(self, folder: Path) -> None:
        """Write templates.npy, has_CT.npy and templates.json."""
        save_array(folder / "templates.npy", self.pictures_CTPP)
        save_array(folder / "has_CT.npy", self.has_CT)
        save_json(folder / "templates.json", list(self.names))


class _GlyphShard(NamedTuple):
    font: Path
    characters: tuple[str, ...]
    handwriting: HandwritingParams


def draw_templates(script: Script, fonts: Sequence[Path], handwriting: HandwritingParams, workers: int) -> Templates:
    """Every character of the script by its strokes and by each font, undeformed.

    Raises InputError where a font cannot be read.
    """
    parts = [script.characters[part] for part in shard_slices(len(script.characters), CHARACTERS_PER_SHARD)]
    shards = [_GlyphShard(font, part, handwriting) for font in fonts for part in parts]
    drawn = iter(map_shards(_draw_part, shards, workers, "templates"))
    pictures = [draw_strokes(script, handwriting)]
    pictures += [np.concatenate([next(drawn) for _ in parts]) for _ in fonts]
    pictures_CTPP = np.stack(pictures, axis=1)
    has_CT: NDArray[np.bool_] = np.any(pictures_CTPP, axis=(2, 3))
    return Templates((STROKES, *(font.name for font in fonts)), pictures_CTPP, has_CT)


def draw_strokes(script: Script, handwriting: HandwritingParams) -> NDArray[np.uint8]:
    """(C, P, P) a script's strokes, all drawn with one pen."""
    return draw_plainly(script.points_SK, script.starts_C1, handwriting)


def draw_plainly(
    points_SK: NDArray[np.complex128], starts_C1: NDArray[np.int64], handwriting: HandwritingParams
) -> NDArray[np.uint8]:
    """(C, P, P) strokes with one pen; points in 0..1 of the square, strokes of character c ``starts_C1[c:c+2]``."""
    corner = complex(CELL_WIDTH - SQUARE_PX, CELL_HEIGHT - SQUARE_PX) / 2
    widths_S = np.full(len(points_SK), PEN_PX)
    return prepare(draw_lines([points_SK * SQUARE_PX + corner], [widths_S], [starts_C1]), handwriting)


def _draw_part(shard: _GlyphShard) -> NDArray[np.uint8]:
    """(C, P, P) a font's glyphs; empty pictures where it has none."""
    side = shard.handwriting.image_px
    pictures_CPP = np.zeros((len(shard.characters), side, side), np.uint8)
    known, drawn = draw_glyphs(shard.font, shard.characters, GLYPH_PX)
    rows = {character: row for row, character in enumerate(shard.characters)}
    pictures_CPP[[rows[character] for character in known]] = prepare(drawn, shard.handwriting)
    return pictures_CPP
