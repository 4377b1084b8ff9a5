"""The sample set: one folder that every producer writes and every recogniser reads.

``pixels.npy``    images in one memory-mapped array; binary ones bit-packed along the width
``index.parquet`` row i describes image i
``classes.json``  the ordered classes and the image's format

N images · H×W pixels · B = W/8 bytes a row of packed pixels
"""

from collections.abc import Sequence
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


@dataclass(frozen=True)
class ImageFormat:
    """Height and width in pixels; ``bits`` is 1 (bit-packed, ink = 1) or 8 (grey, ink = 255)."""

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
class SampleSet:
    """A sample set opened for reading; pixels stay on disk until rows are asked for."""

    folder: Path
    pixels: NDArray[np.uint8]
    index: pd.DataFrame
    classes: tuple[CharacterClass, ...]
    image: ImageFormat

    @classmethod
    def open(cls, folder: Path) -> "SampleSet":
        """Open and cross-check the three files; raises InputError naming the file that does not fit."""
        pixels = load_array(folder / "pixels.npy", mmap=True)
        index = load_table(folder / "index.parquet")
        description = load_json(folder / "classes.json")
        try:
            image = ImageFormat(**description["image"])
            classes = tuple(_class_from_json(entry) for entry in description["classes"])
        except (KeyError, TypeError) as error:
            raise InputError(f"{folder / 'classes.json'}: not a class list ({error!r})") from error
        missing = [name for name in INDEX_COLUMNS if name not in index]
        if missing:
            raise InputError(f"{folder / 'index.parquet'}: columns missing: {', '.join(missing)}")
        expected = (len(index), image.height_px, image.width_px * image.bits // 8)
        if pixels.shape != expected or pixels.dtype != np.uint8:
            raise InputError(f"{folder / 'pixels.npy'}: {pixels.shape} {pixels.dtype}, expected {expected} uint8")
        return cls(folder, pixels, index, classes, image)

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of a split, ascending."""
        return np.flatnonzero((self.index["split"] == split).to_numpy())

    def images(self, rows: NDArray[np.int64] | slice) -> NDArray[np.uint8]:
        """(n, H, W) uint8 images, 0 background to 255 ink."""
        packed = np.asarray(self.pixels[rows])
        return unpack_bits(packed) * np.uint8(255) if self.image.bits == 1 else packed

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


def save_sample_set(
    folder: Path,
    pixels: NDArray[np.uint8],
    index: pd.DataFrame,
    classes: Sequence[CharacterClass],
    image: ImageFormat,
) -> None:
    """Write the three files; ``pixels`` is packed already where ``image.bits`` is 1."""
    save_array(folder / "pixels.npy", pixels)
    save_table(folder / "index.parquet", index)
    save_json(folder / "classes.json", {"image": asdict(image), "classes": [asdict(entry) for entry in classes]})


def _class_from_json(entry: dict[str, object]) -> CharacterClass:
    lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    return CharacterClass(**{**entry, **lists})  # type: ignore[arg-type]
