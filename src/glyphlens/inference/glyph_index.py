"""An index of glyphs: where each lies in a model's space, what it is and looks like, in a folder that is mapped.

``index.json``       what made it, how many glyphs, and the size and SHA-256 of the other files
``vectors.npy``      (N, E) float16, or int8 with a step each in glyphs.npz; or ``vectors.faiss`` for approximate search
``glyphs.npz``       font, face, glyph number, name, labels, outline of each glyph, and where its picture begins
``pictures.bin``     the packed pictures, each compressed by itself

N glyphs · Q queries · K nearest · E numbers of an embedding · H×W pixels · B = W/8 bytes a row of packed pixels
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from glyphlens.core.arrays import load_arrays
from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there, load_array, load_json, replacing_folder, save_json, sha256_file
from glyphlens.inference.approximate import open_faiss, save_faiss, search_faiss
from glyphlens.inference.prototypes import of_length_1

CONTENT, VECTORS, FAISS, GLYPHS, PICTURES = "index.json", "vectors.npy", "vectors.faiss", "glyphs.npz", "pictures.bin"
Storage = Literal["int8", "float16", "faiss"]
VERSION: Literal[1] = 1  # of the layout
TEXTS = ("font", "name", "label", "code_points", "outline")  # of which few differ: kept once, with a number a glyph
NUMBERS = ("face", "gid")
SIDE_PX = 128
PICTURE = (SIDE_PX, SIDE_PX // 8)
LARGEST = 127
DIGITS = 5  # of a cosine; float32 is exact to six
BLOCK = 65_536  # vectors that are held as float32 at a time: 64 MiB of 256 numbers
AGAIN = "make it again with `glyphlens index`"


class Nearest(NamedTuple):
    """(Q, K) row numbers, nearest first, and the cosines of the angles to them; row -1 where there is no more."""

    rows_QK: NDArray[np.int64]
    similarity_QK: NDArray[np.float32]


class IndexedFile(BaseModel):
    """A file of an index as it was written."""

    model_config = ConfigDict(frozen=True)
    bytes: int
    sha256: str


class IndexContent(BaseModel):
    """index.json; ``model``: name of the file whose SHA-256 is ``model_sha256``."""

    model_config = ConfigDict(frozen=True)
    glyphlens_index: Literal[1]
    model: str
    model_sha256: str
    glyphs: int
    numbers: int
    storage: Storage
    files: dict[str, IndexedFile]


class IndexedGlyphs(NamedTuple):
    """Glyphs to be indexed: ``table`` with the columns TEXTS and NUMBERS, vectors of length 1, packed pictures."""

    table: pd.DataFrame
    vectors_NE: NDArray[np.float32]
    packed_NHB: NDArray[np.uint8]


@dataclass(frozen=True)
class GlyphIndex:
    """An index opened for search: ``table`` has a row a glyph, ``outlines`` leads from an outline to its rows."""

    path: Path
    content: IndexContent
    table: pd.DataFrame
    outlines: pd.Series
    vectors: Any
    steps_N1: NDArray[np.float32] | None
    pictures: NDArray[np.uint8]
    begins_N1: NDArray[np.int64]

    @classmethod
    def open(cls, path: Path) -> "GlyphIndex":
        """Open a folder; raises InputError where it is no index, or a file of it is missing, cut off or damaged."""
        content = _content(path)
        for name, expected in content.files.items():
            _require_whole(path / name, expected)
        try:
            arrays: dict[str, Any] = load_arrays(path / GLYPHS)
            table = pd.DataFrame({name: arrays[name] for name in NUMBERS})
            for name in TEXTS:
                table[name] = pd.Categorical.from_codes(arrays[f"{name}_numbers"], arrays[f"{name}s"].astype(object))
            steps_N1, begins_N1 = arrays.get("steps"), arrays["begins"]
        except (OSError, ValueError, LookupError) as error:
            raise InputError(f"{path / GLYPHS}: not the glyphs of an index ({error}); {AGAIN}") from error
        is_faiss = content.storage == "faiss"
        vectors: Any = open_faiss(path / FAISS) if is_faiss else load_array(path / VECTORS, mmap=True)
        shape = (vectors.ntotal, vectors.d) if is_faiss else vectors.shape
        if not shape == (content.glyphs, content.numbers) or len(table) != content.glyphs:
            raise InputError(f"{path}: {content.glyphs} glyphs, but {len(table)} rows and vectors {shape}; {AGAIN}")
        pictures = np.memmap(path / PICTURES, np.uint8, "r")
        rows = pd.Series(np.arange(len(table)), index=table["outline"].to_numpy(object))
        return cls(path, content, table, rows, vectors, steps_N1, pictures, begins_N1)

    def __len__(self) -> int:
        return self.content.glyphs

    def require_made_by(self, model: Path) -> None:
        """Raise InputError where another model made it: its vectors would mean something else."""
        if sha256_file(model) != self.content.model_sha256:
            raise InputError(
                f"{self.path}: made by another model ({self.content.model}, {self.content.model_sha256[:12]}…) than "
                f"{model}; {AGAIN}, or name that model with --model"
            )

    def same_outline(self, outline: str) -> NDArray[np.int64]:
        """The rows that have exactly this outline (``outline_keys``)."""
        found = self.outlines.get(outline) if outline else None
        return np.sort(np.atleast_1d(np.asarray([] if found is None else found, np.int64)))

    def vectors_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, E) of length 1."""
        if self.content.storage == "faiss":
            return of_length_1(self.vectors.reconstruct_batch(rows))
        return self._floats(rows)

    def nearest(self, vectors_QE: NDArray[np.float32], count: int) -> Nearest:
        """The ``count`` nearest glyphs of each query of length 1; of equals the first row comes first."""
        if self.content.storage == "faiss":
            return Nearest(*search_faiss(self.vectors, vectors_QE, min(count, len(self))))
        best = Nearest(np.zeros((len(vectors_QE), 0), np.int64), np.zeros((len(vectors_QE), 0), np.float32))
        for start in range(0, len(self), BLOCK):
            block_BE = self._floats(slice(start, start + BLOCK))
            similarity_QB = np.round(vectors_QE @ block_BE.T, DIGITS)  # the last bits of equals depend on their place
            rows_QB = np.broadcast_to(np.arange(start, start + len(block_BE)), similarity_QB.shape)
            best = _better(best, Nearest(rows_QB, similarity_QB), count)
        return best

    def pictures_of(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        """(n, H, B) packed; raises InputError where one cannot be unpacked."""
        try:
            packed = [
                zlib.decompress(bytes(self.pictures[self.begins_N1[row] : self.begins_N1[row + 1]])) for row in rows
            ]
            return np.frombuffer(b"".join(packed), np.uint8).reshape(-1, *PICTURE)
        except (zlib.error, ValueError, IndexError) as error:
            raise InputError(f"{self.path / PICTURES}: not the pictures of an index ({error}); {AGAIN}") from error

    def _floats(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        vectors_NE = np.asarray(self.vectors[rows]).astype(np.float32)
        return vectors_NE if self.steps_N1 is None else vectors_NE * self.steps_N1[rows]


def save_index(path: Path, glyphs: IndexedGlyphs, model: Path, storage: Storage) -> None:
    """Write a whole index or nothing, in the place of an older one; errors as for ``require_index_place``."""
    require_index_place(path)
    packed = [zlib.compress(picture.tobytes()) for picture in glyphs.packed_NHB]
    arrays: dict[str, NDArray[Any]] = {name: glyphs.table[name].to_numpy(np.int32) for name in NUMBERS}
    arrays["begins"] = np.cumsum([0, *map(len, packed)], dtype=np.int64)
    for name in TEXTS:
        numbers, texts = pd.factorize(glyphs.table[name].to_numpy(object))
        arrays |= {f"{name}_numbers": numbers.astype(np.int32), f"{name}s": np.asarray(texts, str)}
    with replacing_folder(path) as fresh:
        if storage == "faiss":
            save_faiss(fresh / FAISS, glyphs.vectors_NE)
        elif storage == "int8":
            levels_NE, arrays["steps"] = eight_bits(glyphs.vectors_NE)
            np.save(fresh / VECTORS, levels_NE)
        else:
            np.save(fresh / VECTORS, glyphs.vectors_NE.astype(np.float16))
        (fresh / PICTURES).write_bytes(b"".join(packed))
        np.savez_compressed(fresh / GLYPHS, allow_pickle=False, **arrays)
        files = {file.name: IndexedFile(bytes=file.stat().st_size, sha256=sha256_file(file)) for file in _sorted(fresh)}
        content = IndexContent(
            glyphlens_index=VERSION, model=model.name, model_sha256=sha256_file(model), glyphs=len(glyphs.table),
            numbers=glyphs.vectors_NE.shape[1], storage=storage, files=files,
        )  # fmt: skip
        save_json(fresh / CONTENT, content.model_dump(mode="json"))


def require_index_place(path: Path) -> None:
    """Raise InputError where something other than an index is there, which would be lost."""
    if is_there(path) and not (path.is_dir() and not path.is_symlink() and (path / CONTENT).is_file()):
        raise InputError(f"{path}: is there already and no index; choose another place, or remove it")


def eight_bits(vectors_NE: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole multiples of a step, and the (N, 1) steps with which they have length 1."""
    largest_N1 = np.abs(vectors_NE).max(axis=1, keepdims=True, initial=0)
    levels_NE = np.rint(vectors_NE * (LARGEST / np.where(largest_N1 > 0, largest_N1, 1))).astype(np.int8)
    lengths_N1 = np.linalg.norm(levels_NE.astype(np.float32), axis=1, keepdims=True)
    return levels_NE, (1 / np.where(lengths_N1 > 0, lengths_N1, 1)).astype(np.float32)


def _sorted(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.iterdir())


def _content(path: Path) -> IndexContent:
    if not is_there(path) or not path.is_dir():
        raise InputError(f"{path}: no index there; make one with `glyphlens index FONTS -o {path}`")
    if not (path / CONTENT).is_file():
        raise InputError(f"{path}: not an index, {CONTENT} is missing; {AGAIN}")
    try:
        content = IndexContent.model_validate(load_json(path / CONTENT))
    except ValidationError as error:
        raise InputError(f"{path / CONTENT}: not what an index holds ({error.errors()[0]['msg']}); {AGAIN}") from error
    wanted = {GLYPHS, PICTURES, FAISS if content.storage == "faiss" else VECTORS}
    if set(content.files) != wanted or not content.glyphs:
        raise InputError(f"{path / CONTENT}: names {', '.join(sorted(content.files))}, not {sorted(wanted)}; {AGAIN}")
    return content


def _require_whole(file: Path, expected: IndexedFile) -> None:
    found = file.stat().st_size if file.is_file() else None
    if found != expected.bytes:
        size = "missing" if found is None else f"{found:,} bytes"
        raise InputError(f"{file}: {size}, the index was written with {expected.bytes:,}; {AGAIN}")
    if sha256_file(file) != expected.sha256:
        raise InputError(f"{file}: damaged, its bytes are not those that were written; {AGAIN}")


def _better(one: Nearest, other: Nearest, count: int) -> Nearest:
    """The best of both; rows of ``other`` come after those of ``one``."""
    rows_QN = np.concatenate([one.rows_QK, other.rows_QK], axis=1)
    similarity_QN = np.concatenate([one.similarity_QK, other.similarity_QK], axis=1)
    if count < rows_QN.shape[1]:
        least_Q1 = np.partition(similarity_QN, -count, axis=1)[:, -count, None]
        kept = [np.flatnonzero(row) for row in similarity_QN >= least_Q1]
    else:
        kept = [np.arange(rows_QN.shape[1])] * len(rows_QN)
    orders = [own[np.argsort(-similarity_QN[query, own], kind="stable")[:count]] for query, own in enumerate(kept)]
    order_QK = np.stack(orders) if orders else np.zeros((0, min(count, rows_QN.shape[1])), np.int64)
    return Nearest(np.take_along_axis(rows_QN, order_QK, axis=1), np.take_along_axis(similarity_QN, order_QK, axis=1))
