"""Font file → pictures of all its glyphs by glyph number, with their geometry: no cmap, shaping or glyph name needed.

G glyphs of one batch · H×W pixels · B = W/8 bytes a row of packed pixels · F = 7 geometry features
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.errors import InputError
from glyphlens.imaging.contours import Outline
from glyphlens.imaging.geometry import em_geometry, mark_known
from glyphlens.imaging.metrics import em_metrics
from glyphlens.imaging.outlines import join_outlines
from glyphlens.imaging.raster import DiacriticRule, rasterise
from glyphlens.imaging.shaping import EMPTY, FontFace, FontFileError, open_faces

FONT_SUFFIXES = (".ttf", ".otf", ".woff", ".woff2", ".ttc", ".otc")
BATCH = 512
NO_OUTLINE = "no outline"


class Pictures(NamedTuple):
    """A batch: glyph numbers, packed (G, 128, 16) uint8 pictures, (G, 7) float32 geometry, {gid: why it has none}."""

    gids_G: NDArray[np.int64]
    packed_GHB: NDArray[np.uint8]
    geometry_GF: NDArray[np.float32]
    faults: dict[int, str]


def font_files(paths: list[Path]) -> list[Path]:
    """The files named, and of every folder named all the fonts in it, sorted; raises InputError where there is none."""
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(entry for entry in path.rglob("*") if entry.suffix.lower() in FONT_SUFFIXES)
        if not found:
            raise InputError(f"{path}: no font file in this folder ({' '.join(FONT_SUFFIXES)})")
        files += found
    return files


def open_font(path: Path) -> list[FontFace]:
    """All faces of a font file; raises InputError that names the file and the reason."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return list(open_faces(data))
    except FontFileError as error:
        raise InputError(f"{path}: {error}") from error


def face_pictures(face: FontFace, rule: DiacriticRule, batch: int = BATCH) -> Iterator[Pictures]:
    """Every glyph number of a face in turn; a glyph that cannot be read or has no outline is among the faults."""
    height = em_height(face)
    for start in range(0, face.glyph_count, batch):
        gids_G = np.arange(start, min(start + batch, face.glyph_count))
        faults: dict[int, str] = {}
        outlines = join_outlines([_outline(face, gid, faults) for gid in gids_G.tolist()])
        advances_G = np.array([face.advance(gid) for gid in gids_G.tolist()], np.float64)
        rasters = rasterise(outlines, np.full(len(gids_G), height), advances_G, rule)
        upem_G = np.full(len(gids_G), float(face.metrics.upem))
        geometry_GF = mark_known(em_geometry(rasters.placements.boxes_G4, advances_G, upem_G))
        blank = {int(gids_G[position]): reason for position, reason in rasters.faults.items()}
        yield Pictures(gids_G, rasters.packed_GHB, geometry_GF, blank | faults)


def em_height(face: FontFace) -> float:
    """Ascent − descent as the training fonts give it; the units per em for a font whose metrics span nothing."""
    row = pd.DataFrame([{"file_hash": "", **face.metrics._asdict()}])
    try:
        return float(em_metrics(row)["em_height"].iloc[0])
    except InputError:
        return float(face.metrics.upem)


def _outline(face: FontFace, gid: int, faults: dict[int, str]) -> Outline:
    """One outline; the reason goes to ``faults`` where there is none."""
    try:
        outline = face.outline(gid)
    except FontFileError as error:
        faults[gid] = str(error)
        return EMPTY
    if not len(outline.ends_C):
        faults[gid] = NO_OUTLINE
    return outline
