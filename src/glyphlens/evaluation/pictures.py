"""Pictures of glyphs: small images for the page, sheets of error pairs, occlusion maps over the glyph.

H×W pixels, ink > 0 · R×C cells.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from numpy.typing import NDArray
from PIL import Image

from glyphlens.evaluation.charts import INK, RED, SOFT, bare, new_figure, say_absent
from glyphlens.evaluation.pages import label_parts

PAPER_RGB, INK_RGB = (255, 255, 255), (28, 32, 36)
PAIR_CHARACTERS, HEAT_CHARACTERS = 18, 30  # of a label on one line, above a pair's half and above a map
SMALLEST_LIMIT = 1e-6  # of an occlusion map's scale, where no cell changes anything


@dataclass(frozen=True)
class Pair:
    """A misread glyph beside an example of the class it was taken for (None: the class has no training sample).

    ``truth_HW``: an example of the true class, where one is to be shown.
    """

    image_HW: NDArray[np.uint8]
    guess_HW: NDArray[np.uint8] | None
    true_label: str
    guessed_label: str
    note: str
    truth_HW: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Heat:
    """A glyph and what each of its cells does for the true class's probability."""

    image_HW: NDArray[np.uint8]
    heat_RC: NDArray[np.float64]
    true_label: str
    guessed_label: str
    note: str


def centred(image_HW: NDArray[Any]) -> NDArray[Any]:
    """(H, W): the ink moved to the middle of the canvas at its own scale and grey; an empty picture stays empty."""
    ink_HW = np.asarray(image_HW)
    rows, columns = np.flatnonzero(ink_HW.any(axis=1)), np.flatnonzero(ink_HW.any(axis=0))
    result = np.zeros_like(ink_HW)
    if rows.size:
        part = ink_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        top, left = ((whole - own) // 2 for whole, own in zip(ink_HW.shape, part.shape, strict=True))
        result[top : top + part.shape[0], left : left + part.shape[1]] = part
    return result


def folded(label: str, characters: int) -> str:
    """A label on as many lines as it needs, broken after underscores and before the form; no part is cut."""
    lines = [""]
    for part in label_parts(label):
        if lines[-1] and len(lines[-1]) + len(part) > characters:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def glyph_uri(image_HW: NDArray[np.uint8]) -> str:
    """A glyph as a data URI: PNG, ink on a transparent ground, centred; a few hundred bytes.

    One bit a pixel where the picture has no greys between 0 and 255, else four.
    """
    ink_HW = centred(image_HW)
    bits = 4 if np.any((ink_HW != 0) & (ink_HW != 255)) else 1
    deepest = 2**bits - 1
    picture = Image.fromarray(((ink_HW.astype(np.uint16) * deepest + 127) // 255).astype(np.uint8), mode="P")
    picture.putpalette(np.linspace(PAPER_RGB, INK_RGB, deepest + 1).round().astype(np.uint8).tobytes())
    buffer = BytesIO()
    picture.save(buffer, "PNG", bits=bits, transparency=0, optimize=True)
    return data_uri(buffer.getvalue())


def data_uri(png: bytes) -> str:
    """Bytes of a PNG file as the address of an image inside a page."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def file_uri(path: Path) -> str | None:
    """A PNG file as a data URI, None where it is absent."""
    return data_uri(path.read_bytes()) if path.is_file() else None


def plot_pairs(path: Path, pairs: Sequence[Pair], columns: int) -> None:
    """A sheet of pairs: left the glyph that was misread, right an example of what it was taken for."""
    rows = max(-(-len(pairs) // columns), 1)
    with new_figure(path, 2.5 * columns, 2.1 * rows) as figure:
        if not pairs:
            say_absent(figure.subplots(), "no errors to show")
            return
        for cell, pair in zip(figure.subfigures(rows, columns, squeeze=False).ravel(), pairs, strict=False):
            left, right = cell.subplots(1, 2)
            _glyph(left, pair.image_HW, pair.true_label, INK)
            _glyph(right, pair.guess_HW, pair.guessed_label, RED)
            cell.supxlabel(pair.note, fontsize=7.5, color=SOFT)


def plot_heat(path: Path, heats: Sequence[Heat], columns: int = 3) -> None:
    """Glyphs under their occlusion maps, each on its own symmetric scale: blue for, orange against the truth."""
    rows = max(-(-len(heats) // columns), 1)
    with new_figure(path, 10, 3.9 * rows) as figure:
        if not heats:
            say_absent(figure.subplots(), "no near miss to show")
            return
        for axes, heat in zip(figure.subplots(rows, columns, squeeze=False).ravel(), heats, strict=False):
            _heat(axes, heat)
        for axes in figure.axes[len(heats) : rows * columns]:
            axes.set_axis_off()


def _glyph(axes: Axes, image_HW: NDArray[np.uint8] | None, label: str, colour: str) -> None:
    if image_HW is None:
        say_absent(axes, "no\nexample")
    else:
        axes.imshow(255 - centred(image_HW), cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
        bare(axes)
    axes.set_title(folded(label, PAIR_CHARACTERS), fontsize=7, color=colour, pad=3, loc="center")


def _heat(axes: Axes, heat: Heat) -> None:
    height, width = heat.image_HW.shape
    limit = max(float(np.abs(heat.heat_RC).max()), SMALLEST_LIMIT)
    shown = np.ma.masked_where(heat.heat_RC == 0, heat.heat_RC)
    axes.imshow(np.where(heat.image_HW > 0, 0.78, 1.0), cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    layer = axes.imshow(
        shown, cmap="PuOr", norm=TwoSlopeNorm(0, -limit, limit), extent=(0, width, height, 0), alpha=0.75
    )
    axes.contour(np.arange(width) + 0.5, np.arange(height) + 0.5, heat.image_HW > 0, [0.5], colors=INK, linewidths=0.8)
    bare(axes)
    guessed = folded(f"read as {heat.guessed_label}", HEAT_CHARACTERS)
    axes.set_title(f"{folded(heat.true_label, HEAT_CHARACTERS)}\n{guessed}", fontsize=8.5)
    axes.set_xlabel(heat.note, fontsize=8)
    bar = axes.figure.colorbar(layer, ax=axes, shrink=0.7, pad=0.03, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"{-100 * limit:.2g}", "0", f"{100 * limit:+.2g}"])
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7.5, length=0)
