"""``glyphlens index``: every glyph of fonts with its place, outline, picture and what the fonts' own maps call it.

N or G glyphs · E numbers of an embedding · B = W/8 bytes a row of packed pixels
"""

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.commands.answers import BETWEEN
from glyphlens.commands.check import expected_glyphs
from glyphlens.commands.face_pictures import FONT_SUFFIXES, Pictures, face_pictures, open_font
from glyphlens.commands.inputs import find_inputs
from glyphlens.commands.model import REPOSITORY
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import is_there, sha256_file
from glyphlens.data.sample_set import unpack_bits
from glyphlens.imaging.outlines import hash_outlines, join_outlines
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.glyph_index import NUMBERS, PICTURE, TEXTS, GlyphIndex, IndexedGlyphs, save_index
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer
from glyphlens.tracks import flagship
from glyphlens.tracks.arabic.glyphs.candidates import Candidate, candidates
from glyphlens.tracks.arabic.reader import drawing_rule

KNOWN_FONTS = Path("data/raw/fonts", flagship().name)  # what `dvc repro fonts` installs
CACHE = "glyphlens"


class FoundGlyphs(NamedTuple):
    """The drawn glyphs of all fonts that could be used, and why the others could not."""

    glyphs: IndexedGlyphs
    problems: list[str]


def read_font_glyphs(files: Sequence[Path], embedder: Embedder, rule: DiacriticRule) -> FoundGlyphs:
    """Every glyph that has an outline, of every face; a font that cannot be used becomes a problem."""
    parts, problems, letters = [_nothing(embedder)], [], candidates()
    with tqdm(unit="glyph", desc="index", disable=None, leave=False) as progress:
        for path in files:
            try:
                faces = open_font(path)
                progress.total = (progress.total or 0) + sum(face.glyph_count for face in faces)
                found = [
                    part
                    for number, face in enumerate(faces)
                    for part in _face_glyphs(face, (shown(path), number), embedder, rule, letters, progress.update)
                ]
            except InputError as error:
                problems.append(str(error))
            else:
                parts += found
    tables, vectors, pictures = zip(*parts, strict=True)
    table = pd.concat(tables, ignore_index=True)
    return FoundGlyphs(IndexedGlyphs(table, np.concatenate(vectors), np.concatenate(pictures)), problems)


def outline_keys(face: FontFace, gids: Sequence[int]) -> list[str]:
    """What two glyphs of one outline in one em share, wherever on the baseline they stand: units per em and a hash."""
    hashes = hash_outlines(join_outlines([face.outline(gid) for gid in gids]))
    return [f"{face.metrics.upem}-{outline}" for outline in hashes]


def embed_pictures(embedder: Embedder, pictures: Pictures) -> NDArray[np.float32]:
    """(G, E) of a batch of glyphs that all have a picture."""
    rasters_NHW = unpack_bits(pictures.packed_GHB) * np.uint8(255)
    return embedder.embeddings({RASTER: rasters_NHW, GEOMETRY: pictures.geometry_GF})


def drawn_only(pictures: Pictures) -> Pictures:
    """Those of a batch that have a picture."""
    kept_G = np.array([gid not in pictures.faults for gid in pictures.gids_G.tolist()], np.bool_)
    return Pictures(pictures.gids_G[kept_G], pictures.packed_GHB[kept_G], pictures.geometry_GF[kept_G], {})


def default_index(recognizer: Recognizer, embedder: Callable[[], Embedder]) -> GlyphIndex:
    """The index of the project's own fonts by this model: from the cache, or made now and kept there.

    Raises InputError where neither is possible because the fonts are not there.
    """
    fonts = next((place for place in (KNOWN_FONTS, REPOSITORY / KNOWN_FONTS) if is_there(place)), None)
    files = [] if fonts is None else find_inputs([fonts], FONT_SUFFIXES).files
    if not files:
        raise InputError(
            "similar: there is no index of glyphs; name one with --index, made by `glyphlens index FONTS -o INDEX`, or "
            f"install the project's own fonts (`dvc repro fonts`, into {KNOWN_FONTS}), which are indexed on first use"
        )
    place = cache_folder() / f"glyphs-{sha256_file(recognizer.path)[:16]}-{_fingerprint(files)}"
    if is_there(place):
        try:
            return GlyphIndex.open(place)
        except InputError as error:
            print(f"glyphlens: {shown(error)}; done now", file=sys.stderr)
    print(f"similar: indexing the {len(files):,} fonts of {shown(fonts)} once, into {shown(place)}", file=sys.stderr)
    save_index(place, read_font_glyphs(files, embedder(), drawing_rule(recognizer)).glyphs, recognizer.path, "int8")
    return GlyphIndex.open(place)


def cache_folder() -> Path:
    """Where a user's programs keep what they can make again (XDG Base Directory Specification)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / CACHE


def _face_glyphs(
    face: FontFace,
    place: tuple[str, int],
    embedder: Embedder,
    rule: DiacriticRule,
    letters: Sequence[Candidate],
    done: Callable[[int], object],
) -> list[IndexedGlyphs]:
    expected = expected_glyphs(face, letters)
    parts = []
    for batch in face_pictures(face, rule):
        done(len(batch.gids_G))
        drawn = drawn_only(batch)
        gids = drawn.gids_G.tolist()
        known = [expected.get(gid) for gid in gids]
        columns = {
            "font": place[0],
            "face": place[1],
            "gid": gids,
            "name": [shown(face.glyph_name(gid)) for gid in gids],
            "label": [BETWEEN.join(each.labels) if each else "" for each in known],
            "code_points": [BETWEEN.join(dict.fromkeys(each.code_points)) if each else "" for each in known],
            "outline": outline_keys(face, gids),
        }
        table = pd.DataFrame(columns, index=range(len(gids)))
        parts.append(IndexedGlyphs(table, embed_pictures(embedder, drawn), drawn.packed_GHB))
    return parts


def _nothing(embedder: Embedder) -> IndexedGlyphs:
    table = pd.DataFrame({name: pd.Series(dtype=object) for name in (*TEXTS, *NUMBERS)})
    return IndexedGlyphs(table, np.zeros((0, embedder.numbers), np.float32), np.zeros((0, *PICTURE), np.uint8))


def _fingerprint(files: Sequence[Path]) -> str:
    """Changes with the names, sizes and times of the files."""
    facts = [f"{file.name} {(found := file.stat()).st_size} {found.st_mtime_ns}" for file in files]
    return hashlib.blake2b("\n".join(facts).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
