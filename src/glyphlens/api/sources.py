"""What the Python API takes: paths, the bytes of files, and for pictures also arrays and Pillow's images."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from glyphlens.core.errors import InputError
from glyphlens.core.in_memory import Content, InMemory

Bytes = bytes | bytearray | memoryview
FontSource = str | PathLike[str] | Bytes
PictureSource = FontSource | NDArray[Any] | Image.Image


def font_content(source: FontSource) -> Content:
    """A path, or bytes called "font"; raises InputError for anything else."""
    return _content(source, "font", "a path or the bytes of a font")


def picture_contents(sources: PictureSource | Iterable[PictureSource]) -> list[Content]:
    """One picture or several; those in memory are called "picture 1" and on, by their place.

    Raises InputError for what is no picture.
    """
    found = (
        [sources] if is_picture_source(sources) else several(sources, "pictures", "one of PictureSource, or several")
    )
    return [picture_content(source, f"picture {number}") for number, source in enumerate(found, start=1)]


def several(values: object, name: str, expected: str) -> Iterable[Any]:
    """The values; raises InputError where they are not several of anything."""
    if not isinstance(values, Iterable):
        raise InputError(f"{name}: {type(values).__name__}, expected {expected}")
    return values


def is_picture_source(value: object) -> TypeGuard[PictureSource]:
    """Whether it is one picture, and not several."""
    return isinstance(value, str | PathLike | Bytes | np.ndarray | Image.Image)


def picture_content(source: PictureSource, name: str) -> Content:
    """A picture; an array is (H, W) of any numbers or (H, W, 3 or 4) uint8, one of an image in memory is called so."""
    if isinstance(source, np.ndarray):
        return InMemory(name, _tiff(_image(source, name)))
    if isinstance(source, Image.Image):
        return InMemory(name, _tiff(_upright(source, name)))
    return _content(source, name, "a path, the bytes of a file, an array or an image of Pillow's")


@contextmanager
def as_file(content: Content) -> Iterator[Path]:
    """A path to the content, for what is read by other processes; an error within the block names the content."""
    if isinstance(content, Path):
        yield content
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "document")
        path.write_bytes(content.data)
        try:
            yield path
        except InputError as error:
            raise InputError(str(error).replace(str(path), content.name)) from error


def _content(source: Any, name: str, expected: str) -> Content:
    if isinstance(source, Bytes):
        return InMemory(name, bytes(source))
    if isinstance(source, str | PathLike) and str(source):
        return Path(source)
    found = "an empty name" if source == "" else type(source).__name__
    raise InputError(f"{name}: {found}, expected {expected}")


def _image(pixels: NDArray[Any], name: str) -> Image.Image:
    is_grey = pixels.ndim == 2
    is_colour = pixels.ndim == 3 and pixels.shape[2] in (3, 4) and pixels.dtype == np.uint8
    if not (is_grey or is_colour) or not pixels.size or pixels.dtype.kind not in "buif":
        raise InputError(
            f"{name}: {pixels.dtype} {pixels.shape}, expected numbers (H, W) or uint8 (H, W, 3 or 4); give several "
            "pictures as a list"
        )
    if pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    elif pixels.dtype != np.uint8:
        pixels = pixels.astype(np.float32)
    return Image.fromarray(np.ascontiguousarray(pixels))


def _upright(image: Image.Image, name: str) -> Image.Image:
    """The image's present page, turned as its camera noted; colours that TIFF has no place for become RGB."""
    try:
        turned = ImageOps.exif_transpose(image)
        if turned.has_transparency_data:
            return turned.convert("RGBA")
        return turned if turned.mode in ("1", "L", "RGB", "I", "F", "I;16", "CMYK", "LAB") else turned.convert("RGB")
    except Exception as error:  # decoders answer to damaged files with errors of every kind
        raise InputError(f"{name}: the image cannot be read ({error})") from error


def _tiff(image: Image.Image) -> bytes:
    """Uncompressed: it takes every kind of pixels, and no time."""
    buffer = BytesIO()
    image.save(buffer, "TIFF")
    return buffer.getvalue()
