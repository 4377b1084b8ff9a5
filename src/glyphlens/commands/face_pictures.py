"""Font file → pictures of all its glyphs by glyph number, with their geometry: no cmap, shaping or glyph name needed.

G glyphs of one batch · H×W pixels · B = W/8 bytes a row of packed pixels · F = 7 geometry features
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.imaging.contours import Outline
from glyphlens.imaging.font_bytes import COMPRESSED_SIGNATURES, cut_off, uncompressed, without_outlines
from glyphlens.imaging.geometry import em_geometry, mark_known
from glyphlens.imaging.metrics import em_metrics
from glyphlens.imaging.outlines import join_outlines
from glyphlens.imaging.postscript_fonts import is_mac_font, is_postscript_font, opentype_bytes
from glyphlens.imaging.raster import DiacriticRule, rasterise
from glyphlens.imaging.shaping import EMPTY, FontFace, FontFileError, open_faces
from glyphlens.sources.fonts.isolation import Limits, run_isolated

FONT_SUFFIXES = (".ttf", ".otf", ".woff", ".woff2", ".ttc", ".otc", ".pfa", ".pfb", ".cff", ".dfont")
MAX_FONT_BYTES = 1 << 29
UNPACKING = Limits(seconds=300, memory_mib=1024)  # a few kilobytes of woff2 can hold gigabytes
BATCH, BATCH_POINTS = 512, 500_000
NO_OUTLINE = "no outline"


class Pictures(NamedTuple):
    """A batch: glyph numbers, packed (G, 128, 16) uint8 pictures, (G, 7) float32 geometry, {gid: why it has none}."""

    gids_G: NDArray[np.int64]
    packed_GHB: NDArray[np.uint8]
    geometry_GF: NDArray[np.float32]
    faults: dict[int, str]


def open_font(path: Path) -> list[FontFace]:
    """All faces of a font file of any kind; raises InputError that names the file and the reason."""
    try:
        return faces_of(plain_font(read_font_file(path)))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def faces_of(data: bytes) -> list[FontFace]:
    """All faces of plain TrueType/OpenType bytes; raises InputError."""
    lack = cut_off(data) or without_outlines(data)
    try:
        faces = list(open_faces(data))
    except FontFileError as error:
        raise InputError(f"{lack} ({error})" if lack else str(error)) from error
    if lack:
        raise InputError(lack)
    return faces


def face_pictures(
    face: FontFace, rule: DiacriticRule, batch: int = BATCH, gids: Sequence[int] | None = None
) -> Iterator[Pictures]:
    """The given glyph numbers of a face in turn, by default all of them.

    A glyph that cannot be read or has no outline is among the faults.
    """
    height = em_height(face)
    for gids_G, parts, faults in _outlines(face, batch, range(face.glyph_count) if gids is None else gids):
        outlines = join_outlines(parts)
        advances_G = np.array([face.advance(gid) for gid in gids_G.tolist()], np.float64)
        rasters = rasterise(outlines, np.full(len(gids_G), height), advances_G, rule)
        upem_G = np.full(len(gids_G), float(face.metrics.upem))
        geometry_GF = mark_known(em_geometry(rasters.placements.boxes_G4, advances_G, upem_G))
        blank = {int(gids_G[position]): reason for position, reason in rasters.faults.items()}
        yield Pictures(gids_G, rasters.packed_GHB, geometry_GF, blank | faults)


def read_font_file(path: Path) -> bytes:
    """A file's bytes; raises InputError where it cannot be read or does not end in time."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FONT_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError("no such file") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error
    if len(data) > MAX_FONT_BYTES:
        raise InputError(f"no font is larger than {MAX_FONT_BYTES >> 20} MiB")
    return data


def plain_font(data: bytes) -> bytes:
    """Unpacked or put into OpenType's tables, in a process apart with bounded time and memory; raises InputError."""
    if data[:4] in COMPRESSED_SIGNATURES:
        (outcome,) = run_isolated(uncompressed, [data], UNPACKING, workers=1)
    elif is_postscript_font(data) or is_mac_font(data):
        (outcome,) = run_isolated(opentype_bytes, [data], UNPACKING, workers=1)
    else:
        return uncompressed(data)
    if outcome.result is None:
        raise InputError(outcome.reason)
    return outcome.result


def em_height(face: FontFace) -> float:
    """Ascent − descent as the training fonts give it; the units per em for a font whose metrics span nothing."""
    row = pd.DataFrame([{"file_hash": "", **face.metrics._asdict()}])
    try:
        return float(em_metrics(row)["em_height"].iloc[0])
    except InputError:
        return float(face.metrics.upem)


def _outlines(
    face: FontFace, batch: int, gids: Sequence[int]
) -> Iterator[tuple[NDArray[np.int64], list[Outline], dict[int, str]]]:
    """Successive glyph numbers, outlines and faults: at most ``batch`` glyphs, fewer where they have many points."""
    outlines: list[Outline] = []
    faults: dict[int, str] = {}
    points = 0
    for done, gid in enumerate(gids, start=1):
        outlines.append(_outline(face, gid, faults))
        points += len(outlines[-1].tags_P)
        if len(outlines) == batch or points >= BATCH_POINTS or done == len(gids):
            yield np.array(gids[done - len(outlines) : done], np.int64), outlines, faults
            outlines, faults, points = [], {}, 0


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
