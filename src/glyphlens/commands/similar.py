"""``glyphlens similar``: which characters lie nearest to a picture or a character, and where those lie.

Q queries · C characters · K nearest · E numbers of an embedding · H×W pixels · B = W/8 bytes a row of packed pixels
"""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from glyphlens.commands.answers import Row
from glyphlens.commands.image_pictures import read_pictures
from glyphlens.commands.inputs import name_bad
from glyphlens.commands.output import check_writable, unwritable
from glyphlens.commands.predict import SHOWN_INK
from glyphlens.commands.screen import Column, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import writing
from glyphlens.data.sample_set import pack_bits
from glyphlens.inference.candidates import CandidateReader, code_points_of
from glyphlens.inference.picture_readers import Prepare
from glyphlens.inference.prototypes import Prototypes, of_length_1
from glyphlens.inference.reading import best_classes
from glyphlens.inference.recognizer import RASTER, Recognizer

FEATURE_SUFFIXES = (".npz", ".parquet")
EVERYTHING = "all"
WHOLE = "embedding"


class Placed(Protocol):
    """Anything with a name whose place (E,) may be known."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def vector_E(self) -> NDArray[np.float32] | None:
        """Where it lies; None where that is not known."""
        ...

    @property
    def fault(self) -> str:
        """Why it is not known; empty where it is."""
        ...


class Query(NamedTuple):
    """A picture or a character: where it lies (E,) and what it looks like (H, W), or why that is not known.

    ``own``: the label that is not among its neighbours.
    """

    name: str
    vector_E: NDArray[np.float32] | None
    pixels_HW: NDArray[np.uint8] | None
    fault: str = ""
    own: str = ""


def picture_queries(
    files: Sequence[Path], recognizer: Recognizer, prepare: Prepare, *, max_pixels: int
) -> Iterator[Query]:
    """Every page of every file."""
    for picture in (page for path in files for page in read_pictures(path, prepare, max_pixels=max_pixels)):
        if picture.pixels_hw is None:
            yield Query(picture.name, None, None, picture.fault)
        else:
            yield Query(picture.name, recognizer.embeddings({RASTER: picture.pixels_hw[None]})[0], picture.pixels_hw)


def character_queries(text: str, reader: CandidateReader) -> Iterator[Query]:
    """Every character of a text, or the one that it describes (``name: ⿰石本``)."""
    try:
        prototypes, drawn = reader.chosen(text), reader.drawn(text)
    except InputError as error:
        yield Query(shown(text), None, None, str(error))
        return
    for label, vector_E, pixels_HW in zip(prototypes.labels, prototypes.vectors_CE, drawn, strict=True):
        yield Query(label, vector_E, pixels_HW, own=label)


def neighbours(queries: Sequence[Query], everything: Prototypes, top: int) -> pd.DataFrame:
    """One row per query and neighbour: query, rank, label, code_points, similarity (cosine), fault."""
    rows: list[Row] = []
    for query in queries:
        if query.vector_E is None:
            rows.append(_row(query.name, 0, "", np.nan, query.fault))
            continue
        similarity_C = everything.vectors_CE @ (query.vector_E / np.linalg.norm(query.vector_E))
        kept_C = np.flatnonzero(np.array(everything.labels) != query.own)
        best = best_classes(similarity_C[None, kept_C], top)
        rows += [
            _row(query.name, rank, everything.labels[kept_C[place]], round(float(similarity), 4), "")
            for rank, (place, similarity) in enumerate(zip(best.classes_NK[0], best.confidence_NK[0], strict=True), 1)
        ]
    return pd.DataFrame(rows)


def tiles(
    queries: Sequence[Query], table: pd.DataFrame, reader: CandidateReader
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """Rows and packed (N, H, B) pictures of a contact sheet: each query, then its neighbours as they are described."""
    labels = list(dict.fromkeys(label for label in table["label"] if label))
    drawn = dict(zip(labels, reader.drawn("".join(labels)), strict=True))
    rows: list[Row] = []
    pictures: list[NDArray[np.uint8]] = []
    for name, part in table[table["fault"] == ""].groupby("query", sort=False):
        query = next(each for each in queries if each.name == name and each.pixels_HW is not None)
        assert query.pixels_HW is not None
        code_points = " ".join(code_points_of(query.own))
        rows.append(tile_row("query" if query.own else Path(query.name).name, query.own or "picture", code_points, 1.0))
        pictures.append(query.pixels_HW)
        for row in part.to_dict("records"):
            rows.append(tile_row(f"no. {row['rank']}", row["label"], row["code_points"], row["similarity"]))
            pictures.append(drawn[row["label"]])
    return pd.DataFrame(rows), pack_bits(np.stack(pictures) > SHOWN_INK)


def check_features(path: Path) -> None:
    """Raise InputError where features cannot be in a file of that name, OutputError where it cannot be written."""
    if path.suffix.lower() not in FEATURE_SUFFIXES:
        raise InputError(f"{path}: which format? Name the file of --features {' or '.join(FEATURE_SUFFIXES)}")
    if path.suffix.lower() == ".parquet":
        import_module("pyarrow")  # missing, it is told now
    check_writable(path)


def give_nearest(
    queries: Sequence[Placed],
    problems: Sequence[str],
    recognizer: Recognizer,
    features: Path | None,
    give: Callable[[], None],
) -> int:
    """Features and answers (``give``) where any query has some; says what could not be used, ``problems`` first; the
    exit status."""
    faults = [f"{query.name}: {query.fault}" for query in queries if query.fault]
    is_any_answered = len(faults) < len(queries)
    if is_any_answered:
        if features is not None:
            save_features(features, queries, recognizer)
        give()
    return name_bad([*problems, *faults], is_any_answered=is_any_answered)


def save_features(path: Path, queries: Sequence[Placed], recognizer: Recognizer) -> None:
    """Names, and per level (N, numbers) float32 of length 1; a Parquet file has a list of numbers in each cell.

    A model whose manifest names no levels gives its whole embedding. Raises OutputError where it cannot be written.
    """
    used = [query for query in queries if query.vector_E is not None]
    names, vectors_NE = [query.name for query in used], np.stack([np.asarray(query.vector_E) for query in used])
    levels = recognizer.manifest.levels or {WHOLE: vectors_NE.shape[1]}
    cuts = np.cumsum(list(levels.values()))[:-1]
    features = {
        level: of_length_1(part) for level, part in zip(levels, np.split(vectors_NE, cuts, axis=1), strict=True)
    }
    try:
        with writing(path) as partial:
            if path.suffix.lower() == ".parquet":
                columns = {level: list(part) for level, part in features.items()}
                pd.DataFrame({"query": names, **columns}).to_parquet(partial, index=False, compression="zstd")
            else:
                with partial.open("wb") as handle:
                    np.savez_compressed(handle, allow_pickle=False, query=np.array(names), **features)
    except OSError as error:
        raise unwritable(path, error) from error


def neighbours_on_screen(table: pd.DataFrame, width: int) -> Table:
    """One line per neighbour; the query stands in the first."""
    columns = [Column("query", is_key=True), Column("rank", is_number=True), Column("label"), Column("code point")]
    columns.append(Column("similarity", is_key=True, is_number=True))
    rows = [
        [row["query"], "", f"– {row['fault']}", "", ""]
        if row["fault"]
        else [
            row["query"] if row["rank"] == 1 else "",
            str(row["rank"]),
            row["label"],
            row["code_points"],
            f"{row['similarity']:.3f}",
        ]
        for row in table.to_dict("records")
    ]
    return fitted_table("", columns, rows, width)


def tile_row(tile: str, label: str, code_points: str, confidence: float) -> Row:
    """What ``save_sheet`` needs to know of a tile."""
    return {
        "tile": tile,
        "label": label,
        "code_points": code_points,
        "confidence": confidence,
        "same_shape": "",
        "fault": "",
    }


def _row(query: str, rank: int, label: str, similarity: float, fault: str) -> Row:
    code_points = " ".join(code_points_of(label))
    return {
        "query": query,
        "rank": rank,
        "label": label,
        "code_points": code_points,
        "similarity": similarity,
        "fault": fault,
    }
