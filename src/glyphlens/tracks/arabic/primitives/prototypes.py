"""The picture of the visual alphabet: every centroid as a grey 8×8 tile, commonest first, with ids in the margin."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from glyphlens.core.storage import writing
from glyphlens.tracks.arabic.primitives.cells import CELL_PX
from glyphlens.tracks.arabic.primitives.codebook import Codebook

COLUMNS = 32
PIXEL_PX = 4
GAP_PX = 6
MARGIN_PX = 52
_PITCH_PX = CELL_PX * PIXEL_PX + GAP_PX
_PAPER, _FRAME, _TEXT = 255, 205, 60


def draw_prototypes(codebook: Codebook) -> Image.Image:
    """Grey image of the primitives 0..K in rows of 32, the empty one first; ink is dark."""
    rows = -(-(len(codebook) + 1) // COLUMNS)
    picture = Image.new("L", (MARGIN_PX + COLUMNS * _PITCH_PX + GAP_PX, MARGIN_PX // 2 + rows * _PITCH_PX), _PAPER)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(14)
    for column in range(0, COLUMNS, 4):
        pen.text((MARGIN_PX + column * _PITCH_PX, GAP_PX), f"+{column}", fill=_TEXT, font=font)
    for row in range(rows):
        top_px = MARGIN_PX // 2 + row * _PITCH_PX
        label = str(row * COLUMNS)
        pen.text((MARGIN_PX - 8 - pen.textlength(label, font=font), top_px + 8), label, fill=_TEXT, font=font)
    for number, tile_PP in enumerate(_tiles(codebook)):
        row, column = divmod(number, COLUMNS)
        left_px, top_px = MARGIN_PX + column * _PITCH_PX, MARGIN_PX // 2 + row * _PITCH_PX
        side_px = CELL_PX * PIXEL_PX
        pen.rectangle((left_px - 1, top_px - 1, left_px + side_px, top_px + side_px), outline=_FRAME)
        picture.paste(Image.fromarray(tile_PP).resize((side_px, side_px), Image.Resampling.NEAREST), (left_px, top_px))
    return picture


def save_prototypes(path: Path, codebook: Codebook) -> None:
    """Write the picture as PNG."""
    picture = draw_prototypes(codebook)
    with writing(path) as partial:
        picture.save(partial, format="PNG", optimize=True)


def _tiles(codebook: Codebook) -> NDArray[np.uint8]:
    """(K + 1, 8, 8) grey tiles, the empty cell first."""
    empty = np.zeros((1, CELL_PX * CELL_PX), np.float32)
    ink = np.concatenate([empty, codebook.centroids_K64])
    grey: NDArray[np.uint8] = np.rint(255 * (1 - ink)).astype(np.uint8)
    return grey.reshape(-1, CELL_PX, CELL_PX)
