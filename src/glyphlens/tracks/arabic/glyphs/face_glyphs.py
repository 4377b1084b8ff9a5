"""Font files → every glyph of their faces in glyph order, drawn, with the classes that the sample set knows it by.

G drawn glyphs of a face · B = W/8 bytes a row of packed pixels · F = 7 geometry features
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.imaging.contours import Outline
from glyphlens.imaging.geometry import GEOMETRY, em_geometry, mark_known
from glyphlens.imaging.outlines import join_outlines
from glyphlens.imaging.raster import DiacriticRule, rasterise
from glyphlens.imaging.shaping import EMPTY, FontFace, FontFileError, open_faces
from glyphlens.sources.fonts.isolation import Limits, run_isolated
from glyphlens.tracks.arabic.glyphs.glyph_drawing import HASH_BYTES

EM_HEIGHT = 1.5  # units per em: ascent − descent of the median training family
HEIGHT = [GEOMETRY.index("em_bottom"), GEOMETRY.index("em_top")]
HEIGHT_DIGITS = 3  # of an em
Key = tuple[str, float, float]
Labels = Mapping[tuple[str, Key], frozenset[int]]


class FaceGlyphs(NamedTuple):
    """The glyphs of a face that can be drawn: packed (G, 128, 16) uint8 pictures and (G, 7) float32 geometry."""

    packed_GHB: NDArray[np.uint8]
    geometry_GF: NDArray[np.float32]


def chosen_fonts(fonts: pd.DataFrame, samples: SampleSet, per_family: int) -> pd.DataFrame:
    """Fonts of families that the sample set has, with their ``split``: all that are held out, of a training family at
    most ``per_family``, spread over those it has; one with companions is the first."""
    split = samples.index[samples.index["split"].isin(SPLITS)].groupby("group")["split"].first()
    known = fonts[fonts["family"].isin(split.index)]
    known = known.assign(split=known["family"].map(split), without=[not files for files in known["companions"]])
    known = known.sort_values(["family", "without", "file"])
    place = known.groupby("family").cumcount()
    number = known.groupby("family")["file"].transform("size")
    taken = [
        split != "train" or row in np.linspace(0, count - 1, min(per_family, count)).round()
        for split, row, count in zip(known["split"], place, number, strict=True)
    ]
    return known[taken].reset_index(drop=True)


def draw_fonts(
    files: Sequence[tuple[Path, ...]], rule: DiacriticRule, limits: Limits, workers: int
) -> Iterator[tuple[int, FaceGlyphs]]:
    """(number of the font, glyphs) of every face, in the order in which fonts are done; one that fails is left out.

    Of each font its file, and those of its other subsets, whose glyphs come first.
    """
    for outcome in run_isolated(partial(_draw_file, rule), files, limits, workers):
        for glyphs in outcome.result or ():
            yield outcome.number, glyphs


def draw_face(face: FontFace, rule: DiacriticRule) -> FaceGlyphs:
    """All glyphs of a face, as ``glyphlens identify`` draws them."""
    outlines = join_outlines([_outline(face, gid) for gid in range(face.glyph_count)])
    height_G = np.full(len(outlines), EM_HEIGHT * face.metrics.upem)
    advances_G = np.array([face.advance(gid) for gid in range(face.glyph_count)], np.float64)
    rasters = rasterise(outlines, height_G, advances_G, rule)
    drawn_G = rasters.packed_GHB.any(axis=(1, 2))
    upem_G = np.full(len(outlines), float(face.metrics.upem))
    geometry_GF = mark_known(em_geometry(rasters.placements.boxes_G4, advances_G, upem_G))
    return FaceGlyphs(rasters.packed_GHB[drawn_G], geometry_GF[drawn_G])


def known_labels(samples: SampleSet) -> Labels:
    """(family, key of a glyph) → classes of the rows that are drawn so; rows of no split are left out."""
    rows = samples.index[samples.index["split"].isin(SPLITS)]
    height_N2 = rows[[GEOMETRY[place] for place in HEIGHT]].to_numpy(np.float64).round(HEIGHT_DIGITS)
    found: defaultdict[tuple[str, Key], set[int]] = defaultdict(set)
    columns = zip(rows["group"], rows["raster_hash"], height_N2.tolist(), rows["class_index"], strict=True)
    for family, digest, (bottom, top), number in columns:
        found[family, (digest, bottom, top)].add(int(number))
    return {key: frozenset(numbers) for key, numbers in found.items()}


def labels_of(glyphs: FaceGlyphs, family: str, labels: Labels) -> list[frozenset[int]]:
    """The classes of each glyph, none where the sample set does not know it: Latin letters, parts, .notdef."""
    height_G2 = glyphs.geometry_GF[:, HEIGHT].astype(np.float64).round(HEIGHT_DIGITS)
    keys = [
        (picture_hash(picture), bottom, top)
        for picture, (bottom, top) in zip(glyphs.packed_GHB, height_G2.tolist(), strict=True)
    ]
    return [labels.get((family, key), frozenset()) for key in keys]


def picture_hash(packed_HB: NDArray[np.uint8]) -> str:
    """The ``raster_hash`` of a picture in the index of the sample set."""
    return hashlib.blake2b(packed_HB.tobytes(), digest_size=HASH_BYTES).hexdigest()


def _draw_file(rule: DiacriticRule, paths: tuple[Path, ...]) -> list[FaceGlyphs]:
    faces, *beside = [[draw_face(face, rule) for face in open_faces(path.read_bytes())] for path in paths]
    first = [glyphs for others in beside for glyphs in others]
    return [FaceGlyphs(*map(np.concatenate, zip(*first, face, strict=True))) for face in faces]


def _outline(face: FontFace, gid: int) -> Outline:
    try:
        return face.outline(gid)
    except FontFileError:
        return EMPTY
