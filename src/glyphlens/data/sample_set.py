"""The sample set: one folder that every producer writes and every recogniser reads.

``pixels.npy``    images in one memory-mapped array; binary ones bit-packed along the width, those of different widths
                  one after the other
``offsets.npy``   where images of different widths are cut
``index.parquet`` row i describes image i and holds its target: a class, or a text
``classes.json``  the image's format and the ordered classes; ``charset.json`` instead, where targets are texts

N images · H×W pixels · B = W/8 bytes a row of packed pixels · K characters
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, load_json, load_table, save_array, save_json, save_table

SPLITS = ("train", "val", "test")
INDEX_COLUMNS = ("sample_id", "class_index", "label", "group", "split", "source")
TEXT_COLUMNS = ("sample_id", "text", "group", "split", "source")
ANY_WIDTH = 0


@dataclass(frozen=True)
class ImageFormat:
    """Height and width in pixels; ``bits`` is 1 (bit-packed, ink = 1) or 8 (grey, ink = 255).

    Images of ANY_WIDTH have 8 bits and differ in width alone.
    """

    height_px: int
    width_px: int
    bits: Literal[1, 8]


@dataclass(frozen=True)
class CharacterClass:
    """One class. ``members`` are the raw labels merged into it; ``lookalikes`` other classes that share its shape."""

    label: str
    code_points: tuple[str, ...] = ()
    form: str = ""
    members: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class Charset:
    """The K characters of text targets, each one code point, in the order of their numbers 0..K−1.

    >>> Charset("abc").encode("cab").tolist()
    [2, 0, 1]
    """

    characters: str

    def __post_init__(self) -> None:
        """Raise InputError for a character that is there twice."""
        twice = sorted({character for character in self.characters if self.characters.count(character) > 1})
        if twice:
            raise InputError(f"a charset has {', '.join(map(_code_point, twice))} more than once")

    def __len__(self) -> int:
        return len(self.characters)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Character → its number."""
        return {character: number for number, character in enumerate(self.characters)}

    def encode(self, text: str) -> NDArray[np.int64]:
        """The numbers of a text's characters; raises InputError naming one that is not in the charset."""
        try:
            return np.array([self.numbers[character] for character in text], np.int64)
        except KeyError as error:
            raise InputError(
                f"the text {text!r} has {_code_point(error.args[0])}, which is not in the charset"
            ) from error

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers; the inverse of ``encode``."""
        return "".join(self.characters[number] for number in numbers)


@dataclass(frozen=True)
class SampleSet:
    """A sample set opened for reading; pixels stay on disk until rows are asked for.

    Images of different widths have ``offsets_M`` (N + 1) int64, between which ``pixels`` (flat) are cut into images,
    each row after row. Targets are ``classes`` or, where there is a ``charset``, texts.
    """

    folder: Path
    pixels: NDArray[np.uint8]
    index: pd.DataFrame
    classes: tuple[CharacterClass, ...]
    image: ImageFormat
    offsets_M: NDArray[np.int64] | None = None
    charset: Charset | None = None

    @classmethod
    def open(cls, folder: Path) -> "SampleSet":
        """Open and cross-check the files; raises InputError naming the file that does not fit."""
        pixels = load_array(folder / "pixels.npy", mmap=True)
        index = load_table(folder / "index.parquet")
        image, classes, charset = _load_targets(folder)
        columns = INDEX_COLUMNS if charset is None else TEXT_COLUMNS
        missing = [name for name in columns if name not in index]
        if missing:
            raise InputError(f"{folder / 'index.parquet'}: columns missing: {', '.join(missing)}")
        offsets_M = None
        if image.width_px == ANY_WIDTH:
            offsets_M = load_array(folder / "offsets.npy")
            _require_cuts(folder, pixels, offsets_M, image, len(index))
        else:
            expected = (len(index), image.height_px, image.width_px * image.bits // 8)
            if pixels.shape != expected or pixels.dtype != np.uint8:
                raise InputError(f"{folder / 'pixels.npy'}: {pixels.shape} {pixels.dtype}, expected {expected} uint8")
        if charset is not None:
            _require_texts(folder / "index.parquet", index["text"], charset)
        return cls(folder, pixels, index, classes, image, offsets_M, charset)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def sources(self) -> list[str]:
        """What the samples are, as the index says, such as ``etl`` or ``rendered``."""
        return sorted(self.index["source"].astype(str).unique())

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of a split, ascending."""
        return np.flatnonzero((self.index["split"] == split).to_numpy())

    def images(self, rows: NDArray[np.int64] | slice, min_width_px: int = 0) -> NDArray[np.uint8]:
        """(n, H, W) uint8 images, 0 background to 255 ink.

        Those of different widths are filled up with background on the right, to the widest of them, or to
        ``min_width_px`` where that is more.
        """
        if self.offsets_M is not None:
            numbers = np.arange(len(self))[rows]
            widths = self.widths_N[numbers]
            shape = (len(numbers), self.image.height_px, max(min_width_px, int(widths.max(initial=0))))
            filled = np.zeros(shape, np.uint8)
            for image, row, width in zip(filled, numbers, widths, strict=True):
                begin, end = self.offsets_M[row : row + 2]
                image[:, :width] = self.pixels[begin:end].reshape(-1, width)
            return filled
        packed = np.asarray(self.pixels[rows])
        return unpack_bits(packed) * np.uint8(255) if self.image.bits == 1 else packed

    @cached_property
    def widths_N(self) -> NDArray[np.int64]:
        """(N,) width of every image in pixels."""
        if self.offsets_M is None:
            return np.full(len(self), self.image.width_px, np.int64)
        widths_N: NDArray[np.int64] = np.diff(self.offsets_M) // self.image.height_px
        return widths_N

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of every row, where targets are texts."""
        return tuple(self.index["text"])

    @cached_property
    def class_indices(self) -> NDArray[np.int64]:
        """(N,) class index of every row."""
        return self.index["class_index"].to_numpy(np.int64)

    @cached_property
    def shape_class(self) -> NDArray[np.int64]:
        """(C,) for every class the smallest class index among itself and its look-alikes."""
        position = {entry.label: number for number, entry in enumerate(self.classes)}
        return np.array([min(position[name] for name in (entry.label, *entry.lookalikes)) for entry in self.classes])


def pack_bits(images_NHW: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, H, W) zero / non-zero → (N, H, W/8), most significant bit leftmost."""
    return np.packbits(images_NHW != 0, axis=-1)


def unpack_bits(packed_NHB: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, H, W/8) → (N, H, W) of 0 and 1; the inverse of ``pack_bits``."""
    return np.unpackbits(packed_NHB, axis=-1)


def lay_end_to_end(images: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (H, w) of one height → all their pixels in one array, and the N + 1 offsets between which they are cut."""
    offsets = np.cumsum([0, *(image.size for image in images)], dtype=np.int64)
    return np.concatenate([np.zeros(0, np.uint8), *(image.ravel() for image in images)]), offsets


def save_sample_set(
    folder: Path,
    pixels: NDArray[np.uint8],
    index: pd.DataFrame,
    targets: Sequence[CharacterClass] | Charset,
    image: ImageFormat,
    offsets_M: NDArray[np.int64] | None = None,
) -> None:
    """Write the files; ``pixels`` is packed already where ``image.bits`` is 1.

    ``offsets_M`` where images differ in width, with ``pixels`` as ``lay_end_to_end`` makes them.
    """
    save_array(folder / "pixels.npy", pixels)
    save_table(folder / "index.parquet", index)
    if offsets_M is not None:
        save_array(folder / "offsets.npy", offsets_M)
    if isinstance(targets, Charset):
        save_json(folder / "charset.json", {"image": asdict(image), "charset": targets.characters})
    else:
        save_classes(folder, targets, image)


def save_classes(folder: Path, classes: Sequence[CharacterClass], image: ImageFormat) -> None:
    """Write classes.json."""
    save_json(folder / "classes.json", {"image": asdict(image), "classes": [asdict(entry) for entry in classes]})


def _load_targets(folder: Path) -> tuple[ImageFormat, tuple[CharacterClass, ...], Charset | None]:
    """The format of the images, and the classes or the charset; raises InputError where the file is neither."""
    path = folder / "charset.json"
    if not path.is_file():
        path = folder / "classes.json"
        description = load_json(path)
        try:
            classes = tuple(_class_from_json(entry) for entry in description["classes"])
            return ImageFormat(**description["image"]), classes, None
        except (KeyError, TypeError) as error:
            raise InputError(f"{path}: not a class list ({error!r})") from error
    description = load_json(path)
    try:
        return ImageFormat(**description["image"]), (), Charset(description["charset"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a charset ({error!r})") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _require_cuts(
    folder: Path, pixels: NDArray[np.uint8], offsets_M: NDArray[np.int64], image: ImageFormat, count: int
) -> None:
    """Raise InputError unless the offsets cut the pixels into ``count`` images of whole columns."""
    if image.bits != 8 or image.height_px < 1:
        raise InputError(f"{folder}: images of any width have 8 bits and a height, found {image}")
    if pixels.ndim != 1 or pixels.dtype != np.uint8:
        raise InputError(f"{folder / 'pixels.npy'}: {pixels.shape} {pixels.dtype}, expected (pixels,) uint8")
    path = folder / "offsets.npy"
    if offsets_M.shape != (count + 1,) or offsets_M.dtype != np.int64:
        raise InputError(f"{path}: {offsets_M.shape} {offsets_M.dtype}, expected {(count + 1,)} int64")
    if offsets_M[0] != 0 or offsets_M[-1] != len(pixels):
        raise InputError(f"{path}: cuts {offsets_M[0]} to {offsets_M[-1]} out of {len(pixels)} pixels, expected all")
    sizes_N = np.diff(offsets_M)
    bad = np.flatnonzero((sizes_N <= 0) | (sizes_N % image.height_px != 0))
    if len(bad):
        raise InputError(
            f"{path}: row {bad[0]} has {sizes_N[bad[0]]} pixels, expected whole columns of {image.height_px}, "
            f"at least one ({len(bad)} rows are like that)"
        )


def _require_texts(path: Path, texts: "pd.Series[str]", charset: Charset) -> None:
    """Raise InputError for a row without a text, or whose text has a character that is not in the charset."""
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"{path}: row {row}: no text ({text!r})")
        try:
            charset.encode(text)
        except InputError as error:
            raise InputError(f"{path}: row {row}: {error}") from error


def _code_point(character: str) -> str:
    return f"{character!r} (U+{ord(character):04X})"


def _class_from_json(entry: dict[str, object]) -> CharacterClass:
    lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    return CharacterClass(**{**entry, **lists})  # type: ignore[arg-type]
