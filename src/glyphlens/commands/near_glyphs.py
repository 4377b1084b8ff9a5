"""``glyphlens similar`` about glyphs: those of an index that are nearest to a glyph of a font, a picture or a letter.

Q queries · K nearest · E numbers of an embedding · H×W pixels · B = W/8 bytes a row of packed pixels
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from glyphlens.commands.answers import BETWEEN, Row
from glyphlens.commands.face_pictures import FONT_SUFFIXES, face_pictures, open_font
from glyphlens.commands.glyph_indexing import default_index, drawn_only, embed_pictures, outline_keys
from glyphlens.commands.image_pictures import read_pictures
from glyphlens.commands.predict import SHOWN_INK, preparation
from glyphlens.commands.screen import Column, fitted_table
from glyphlens.commands.similar import tile_row
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import is_there
from glyphlens.data.sample_set import pack_bits
from glyphlens.imaging.geometry import FEATURES
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.glyph_index import GlyphIndex
from glyphlens.inference.prototypes import of_length_1
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer
from glyphlens.tracks.arabic.reader import drawing_rule

TOGETHER = 64  # queries that are looked up at a time
OTHER_FORMS = (".init", ".medi", ".fina")  # of a letter, which its character does not ask for
GLYPH = re.compile(r"^(?P<font>.+)#(?:(?P<face>\d+):)?(?P<gid>\d+)$", re.DOTALL)
COLUMNS = ("font", "face", "gid", "name", "label", "code_points")


class GlyphQuery(NamedTuple):
    """What is asked about: where it lies (E,) and looks like (H, B), or why that is not known.

    ``same``: indexed rows of the very same outline. ``own``: labels of a letter, which are not among its neighbours.
    """

    name: str
    vector_E: NDArray[np.float32] | None = None
    packed_HB: NDArray[np.uint8] | None = None
    fault: str = ""
    same: tuple[int, ...] = ()
    own: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GlyphAsker:
    """A model and where its index is (None: the default one), each opened when it is first needed."""

    recognizer: Recognizer
    place: Path | None
    threads: int

    @cached_property
    def index(self) -> GlyphIndex:
        """The index; raises InputError where it is none, or one of another model."""
        if self.place is None:
            return default_index(self.recognizer, lambda: self.embedder)
        found = GlyphIndex.open(self.place)
        found.require_made_by(self.recognizer.path)
        return found

    @cached_property
    def embedder(self) -> Embedder:
        """The network; an outline that is known already does not ask it."""
        return Embedder.load(self.recognizer.path, threads=self.threads)

    @cached_property
    def rows_by_label(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each label, and of each character in the form in which it stands alone."""
        found: dict[str, list[int]] = {}
        labels, codes = (self.index.table[name] for name in ("label", "code_points"))
        for (label, code), rows in pd.Series(range(len(labels))).groupby([labels, codes], observed=True):
            own = [each for each in str(label).split(BETWEEN) if each]
            names = set(own)
            if any(not each.endswith(OTHER_FORMS) for each in own):
                names |= set(str(code).split(BETWEEN))
            for name in names:
                found.setdefault(name, []).extend(rows)
        return {name: np.sort(np.array(rows, np.int64)) for name, rows in found.items()}

    def glyphs(self, text: str) -> Iterator[GlyphQuery]:
        """One glyph of a font (``font.ttf#gid``, ``font.ttc#face:gid``), or all of its glyphs that have an outline."""
        place = font_place(text)
        try:
            faces = open_font(place.font)
            wanted = faces if place.gid is None else [self._face(faces, place)]
            for number, face in enumerate(wanted):
                name = shown(place.font) + (f"#{number + 1}:" if place.gid is None and len(faces) > 1 else "#")
                yield from self._face_glyphs(face, name if place.gid is None else "", place)
        except InputError as error:
            yield GlyphQuery(shown(text), fault=str(error).removeprefix(f"{place.font}: "))

    def pictures(self, path: Path, *, max_pixels: int) -> Iterator[GlyphQuery]:
        """Every page of a file of pictures; nothing is known of a glyph's place in its em."""
        prepare = preparation(self.recognizer, diacritic=False)
        for page in read_pictures(path, prepare, max_pixels=max_pixels):
            if page.pixels_hw is None:
                yield GlyphQuery(page.name, fault=page.fault)
                continue
            feeds: dict[str, NDArray[Any]] = {
                RASTER: page.pixels_hw[None],
                GEOMETRY: np.zeros((1, FEATURES), np.float32),
            }
            packed_HB = pack_bits(page.pixels_hw[None] > SHOWN_INK)[0]
            yield GlyphQuery(page.name, self.embedder.embeddings(feeds)[0], packed_HB)

    def letters(self, text: str) -> Iterator[GlyphQuery]:
        """A label such as beh.init, or each character of a text, by the mean of its glyphs in the index."""
        for name in [text] if text in self.rows_by_label else dict.fromkeys(text.replace(" ", "")):
            code = f"U+{ord(name):04X}" if len(name) == 1 else name
            rows = self.rows_by_label.get(code)
            if rows is None:
                what = f"{name} ({code})" if len(name) == 1 else name
                yield GlyphQuery(shown(what), fault="no glyph of the index is called so")
                continue
            vectors_NE = self.index.vectors_of(rows)
            mean_E = of_length_1(vectors_NE.mean(axis=0, keepdims=True))[0]
            middle = int(rows[int((vectors_NE @ mean_E).argmax())])
            own = {label for each in self.index.table["label"].iloc[rows].unique() for label in each.split(BETWEEN)}
            yield GlyphQuery(name, mean_E, self.index.pictures_of([middle])[0], own=frozenset(own))

    def _face(self, faces: Sequence[FontFace], place: "FontPlace") -> FontFace:
        if not 1 <= place.face <= len(faces):
            raise InputError(f"{place.font}: has no face {place.face}, only {len(faces)}")
        face = faces[place.face - 1]
        if place.gid is not None and place.gid >= face.glyph_count:
            raise InputError(
                f"{place.font}: has no glyph {place.gid}; the last of its glyphs is {face.glyph_count - 1}"
            )
        return face

    def _face_glyphs(self, face: FontFace, name: str, place: "FontPlace") -> Iterator[GlyphQuery]:
        is_all = place.gid is None
        gids = None if place.gid is None else [place.gid]
        for batch in face_pictures(face, drawing_rule(self.recognizer), gids=gids):
            if not is_all and batch.faults:
                yield GlyphQuery(shown(place.text), fault=next(iter(batch.faults.values())))
            drawn = drawn_only(batch)
            gids_G = drawn.gids_G.tolist()
            same = [tuple(self.index.same_outline(key).tolist()) for key in outline_keys(face, gids_G)]
            new = [number for number, rows in enumerate(same) if not rows]
            vectors: dict[int, NDArray[np.float32]] = {}
            if new:
                asked = drawn._replace(packed_GHB=drawn.packed_GHB[new], geometry_GF=drawn.geometry_GF[new])
                vectors = dict(zip(new, embed_pictures(self.embedder, asked), strict=True))
            for number, gid in enumerate(gids_G):
                vector_E = vectors[number] if number in vectors else self.index.vectors_of(_first(same[number]))[0]
                label = f"{name}{gid}" if is_all else shown(place.text)
                yield GlyphQuery(label, vector_E, drawn.packed_GHB[number], same=same[number])


class FontPlace(NamedTuple):
    """A font file, the number of a face in it from 1, and a glyph number or all; ``text`` as it was asked for."""

    text: str
    font: Path
    face: int = 1
    gid: int | None = None


def font_place(text: str) -> FontPlace:
    """Where a query about a font leads.

    >>> font_place("a.ttc#2:7")[1:]
    (PosixPath('a.ttc'), 2, 7)
    """
    found = GLYPH.match(text)
    if found is None or is_there(Path(text)):
        return FontPlace(text, Path(text))
    return FontPlace(text, Path(found["font"]), int(found["face"] or 1), int(found["gid"]))


def is_font(text: str) -> bool:
    """Whether a query is about a font or a glyph of it, by the suffix."""
    return font_place(text).font.suffix.lower() in FONT_SUFFIXES


def is_arabic(text: str) -> bool:
    """Whether a text has Arabic characters and no others."""
    letters = [each for each in text if not each.isspace()]
    return bool(letters) and all(unicodedata.name(each, "").startswith("ARABIC") for each in letters)


def near_glyphs(queries: Sequence[GlyphQuery], index: GlyphIndex, top: int) -> pd.DataFrame:
    """One row per query and neighbour, those of the same outline first: query, rank, COLUMNS, similarity (cosine),
    exact, row (in the index, -1 for none), fault."""
    rows: list[Row] = []
    for start in range(0, len(queries), TOGETHER):
        part = queries[start : start + TOGETHER]
        found = [query for query in part if query.vector_E is not None]
        more = max((len(query.same) for query in found), default=0)
        near = index.nearest(_stacked(found, index), min(len(index), top + more))
        places = iter(zip(near.rows_QK.tolist(), near.similarity_QK.tolist(), strict=True))
        for query in part:
            if query.vector_E is None:
                rows.append(_row(query, 0, index, -1, np.nan))
                continue
            answers = [*_same_first(query, next(places))] if not query.own else [*_other_labels(query, index, top)]
            if query.own:
                next(places)
            rows += [_row(query, rank, index, *answer) for rank, answer in enumerate(answers[:top], 1)]
    return pd.DataFrame(rows)


def glyph_tiles(
    queries: Sequence[GlyphQuery], table: pd.DataFrame, index: GlyphIndex
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Rows and packed (N, H, B) pictures of a contact sheet: each query, then the glyphs nearest to it."""
    rows: list[Row] = []
    pictures: list[NDArray[np.uint8]] = []
    answered = dict(iter(table[table["fault"] == ""].groupby("query", sort=False)))
    for query in queries:
        if query.packed_HB is None or query.name not in answered:
            continue
        part = answered[query.name]
        rows.append(tile_row("query", query.name if query.own else Path(query.name).name, "", 1.0))
        pictures += [query.packed_HB, *index.pictures_of(part["row"].tolist())]
        for row in part.to_dict("records"):
            tile = f"no. {row['rank']}{' same' if row['exact'] else ''}"
            place = f"{Path(row['font']).stem} #{row['gid']}"
            rows.append(tile_row(tile, row["label"] or row["name"] or "unnamed", place, row["similarity"]))
    return pd.DataFrame(rows), np.stack(pictures)


def near_glyphs_on_screen(table: pd.DataFrame, width: int) -> Table:
    """One line per neighbour; the query stands in the first."""
    columns = [Column("query", is_key=True), Column("rank", is_number=True), Column("label"), Column("code points")]
    columns += [Column("font"), Column("glyph", is_number=True), Column("name")]
    columns.append(Column("similarity", is_key=True, is_number=True))
    rows = [
        [Path(row["query"]).name, "", f"– {row['fault']}", *[""] * 5]
        if row["fault"]
        else [
            Path(row["query"]).name if row["rank"] == 1 else "",
            str(row["rank"]),
            row["label"],
            row["code_points"],
            Path(row["font"]).name,
            f"{row['face'] + 1}:{row['gid']}" if row["face"] else str(row["gid"]),
            row["name"],
            "same" if row["exact"] else f"{row['similarity']:.3f}",
        ]
        for row in table.to_dict("records")
    ]
    return fitted_table("", columns, rows, width)


def _first(rows: Sequence[int]) -> NDArray[np.int64]:
    return np.array(rows[:1], np.int64)


def _stacked(queries: Sequence[GlyphQuery], index: GlyphIndex) -> NDArray[np.float32]:
    vectors = [query.vector_E for query in queries if query.vector_E is not None]
    return np.stack(vectors) if vectors else np.zeros((0, index.content.numbers), np.float32)


def _same_first(query: GlyphQuery, near: tuple[list[int], list[float]]) -> Iterator[tuple[int, float]]:
    """Rows and similarities: those of the very outline, then the nearest others."""
    yield from ((row, 1.0) for row in query.same)
    yield from (each for each in zip(*near, strict=True) if each[0] >= 0 and each[0] not in query.same)


def _other_labels(query: GlyphQuery, index: GlyphIndex, top: int) -> list[tuple[int, float]]:
    """The nearest glyph of each other label, as many as asked for; ever more glyphs are looked at."""
    assert query.vector_E is not None
    labels, count = index.table["label"], min(len(index), 64 * top)
    while True:
        near = index.nearest(query.vector_E[None], count)
        found: dict[str, tuple[int, float]] = {}
        for row, similarity in zip(near.rows_QK[0].tolist(), near.similarity_QK[0].tolist(), strict=True):
            label = str(labels.iat[row]) if row >= 0 else ""
            if label and query.own.isdisjoint(label.split(BETWEEN)):
                found.setdefault(label, (row, similarity))
        if len(found) >= top or count == len(index):
            return list(found.values())[:top]
        count = min(len(index), 8 * count)


def _row(query: GlyphQuery, rank: int, index: GlyphIndex, row: int, similarity: float) -> Row:
    table = index.table
    facts = {name: table[name].iat[row] if row >= 0 else (-1 if name in ("face", "gid") else "") for name in COLUMNS}
    return {
        "query": query.name,
        "rank": rank,
        **facts,
        "similarity": round(similarity, 4),
        "exact": row in query.same,
        "row": row,
        "fault": query.fault,
    }
