"""Font file → pictures of all its glyphs by glyph number, with their geometry: no cmap, shaping or glyph name needed.

G glyphs of one batch · H×W pixels · B = W/8 bytes a row of packed pixels · F = 7 geometry features
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.commands.answers import NO_OUTLINE
from glyphlens.core.errors import InputError
from glyphlens.core.in_memory import Content
from glyphlens.imaging.contours import Outline
from glyphlens.imaging.font_bytes import COMPRESSED_SIGNATURES, cut_off, uncompressed, without_outlines
from glyphlens.imaging.geometry import em_geometry, mark_known
from glyphlens.imaging.outlines import join_outlines
from glyphlens.imaging.postscript_fonts import is_mac_font, is_postscript_font, opentype_bytes
from glyphlens.imaging.raster import DiacriticRule, rasterise
from glyphlens.imaging.shaping import EMPTY, FontFace, FontFileError, open_faces
from glyphlens.sources.fonts.isolation import Limits, run_isolated
from glyphlens.tracks.arabic.glyphs.face_glyphs import EM_HEIGHT

FONT_SUFFIXES = (".ttf", ".otf", ".woff", ".woff2", ".ttc", ".otc", ".pfa", ".pfb", ".cff", ".dfont")
MAX_FONT_BYTES = 1 << 29
UNPACKING = Limits(seconds=300, memory_mib=1024)  # a few kilobytes of woff2 can hold gigabytes
BATCH, BATCH_POINTS = 512, 500_000
FEWEST_ALIKE = 2
FLOATING, SINKING = 0.28, 0.0  # em: what lies above the one or below the other is a mark, which takes no room


class Pictures(NamedTuple):
    """A batch: glyph numbers, packed (G, 128, 16) uint8 pictures, (G, 7) float32 geometry, {gid: why it has none}."""

    gids_G: NDArray[np.int64]
    packed_GHB: NDArray[np.uint8]
    geometry_GF: NDArray[np.float32]
    faults: dict[int, str]


def open_font(path: Content) -> list[FontFace]:
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
    """The given glyph numbers of a face in turn, by default all of them; one that cannot be read or has no outline is
    among the faults.

    A font's line spacing is not looked at, and advances are guessed from the outlines where the font has but one, as
    subsetters for PDF write it.
    """
    upem, has_advances = float(face.metrics.upem), has_advances_of_its_own(face)
    for gids_G, parts, faults in _outlines(face, batch, range(face.glyph_count) if gids is None else gids):
        outlines = join_outlines(parts)
        advances_G = np.full(len(gids_G), np.nan)
        if has_advances:
            advances_G = np.array([face.advance(gid) for gid in gids_G.tolist()], np.float64)
        rasters = rasterise(outlines, np.full(len(gids_G), EM_HEIGHT * upem), advances_G, rule)
        boxes_G4, upem_G = rasters.placements.boxes_G4, np.full(len(gids_G), upem)
        known_G = advances_G if has_advances else guessed_advances(boxes_G4, upem_G)
        blank = {int(gids_G[position]): reason for position, reason in rasters.faults.items()}
        geometry_GF = mark_known(em_geometry(boxes_G4, known_G, upem_G))
        yield Pictures(gids_G, rasters.packed_GHB, geometry_GF, blank | faults)


def has_advances_of_its_own(face: FontFace) -> bool:
    """Whether the advances of a face say anything: two of its drawn glyphs differ, or it has but one."""
    found: list[int] = []
    for gid in range(1, face.glyph_count):
        if len(_outline(face, gid, {}).ends_C):
            found.append(face.advance(gid))
            if found[-1] != found[0]:
                return True
    return len(found) < FEWEST_ALIKE


def guessed_advances(boxes_G4: NDArray[np.float64], upem_G: NDArray[np.float64]) -> NDArray[np.float64]:
    """(G,) font units: as wide as the right edge is far, and 0 for what floats or sinks as marks do."""
    _, bottom_G, right_G, top_G = boxes_G4.T / upem_G
    is_mark_G = (bottom_G > FLOATING) | (top_G < SINKING)
    return np.where(is_mark_G, 0.0, np.maximum(right_G, 0.0)) * upem_G


def read_font_file(path: Content) -> bytes:
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
