"""Image file of glyphs or characters, one a page → the pictures that the recogniser was trained on.

H×W pixels · h×w pixels of what the recogniser is shown
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.inference.picture_readers import Prepare

Ink = Literal["auto", "dark", "light"]
# Decoders that are let at a file, with its suffixes; those of which a further picture in a file is a page.
FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg"),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "PPM": (".pbm", ".pgm", ".ppm"),
}
PAGED = ("PNG", "TIFF", "GIF", "WEBP")
IMAGE_SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
MAX_PAGES = 1000
MAX_PIXELS = 64_000_000  # of a page: 8,000 × 8,000
LARGE_PX = 3072  # a longer side is reduced to at most this before anything is made of the pixels
MIN_CONTRAST = 32  # grey levels of 255 between paper and ink
MID_GREY = 127.5


class Picture(NamedTuple):
    """A page, called ``file``, ``file#2`` …: what was made of its pixels (h, w), or why there is nothing."""

    name: str
    pixels_hw: NDArray[np.uint8] | None
    fault: str


def read_pictures(
    path: Path, prepare: Prepare, ink: Ink = "auto", *, max_pixels: int = MAX_PIXELS
) -> Iterator[Picture]:
    """What ``prepare`` makes of the ink (H, W) of every page, paper 0 and the strongest ink 255.

    A page that is no image, has no contrast or more than ``max_pixels`` is a fault; what cannot be read ends the file.
    """
    return _each_page(path, lambda grey_HW: prepare(ink_of(grey_HW, ink)), max_pixels, LARGE_PX)


def read_greys(path: Path, *, max_pixels: int = MAX_PIXELS) -> Iterator[Picture]:
    """(H, W) uint8 grey of every page at its own size; faults as for ``read_pictures``."""
    return _each_page(path, lambda grey_HW: grey_HW, max_pixels, None)


def _each_page(path: Path, make: Prepare, max_pixels: int, longest_px: int | None) -> Iterator[Picture]:
    pages = _pages(path, max_pixels, longest_px)
    for number in count(1):
        name = shown(path) if number == 1 else f"{shown(path)}#{number}"
        try:
            picture = Picture(name, make(next(pages)), "")
        except InputError as error:
            picture = Picture(name, None, str(error))
        except StopIteration:
            return
        yield picture


def ink_of(grey_HW: NDArray[np.uint8], ink: Ink = "auto") -> NDArray[np.uint8]:
    """(H, W) uint8 grey → (H, W) uint8 ink, paper 0 and the strongest ink 255.

    ``auto`` takes the median of the border for the paper. Raises InputError where nothing stands out from it.
    """
    border = np.concatenate([grey_HW[0], grey_HW[-1], grey_HW[:, 0], grey_HW[:, -1]])
    if ink == "auto":
        paper = float(np.median(border))
        is_dark = paper > MID_GREY
    else:
        is_dark = ink == "dark"
        paper = float(grey_HW.max() if is_dark else grey_HW.min())
    strength_HW = (paper - grey_HW) if is_dark else (grey_HW - paper)
    strongest = float(strength_HW.max())
    if strongest < MIN_CONTRAST:
        raise InputError(
            f"nothing to see: ink and paper differ by {max(strongest, 0):.0f} grey levels, at least {MIN_CONTRAST} are "
            "needed (--ink dark or --ink light says which is which)"
        )
    return np.rint(strength_HW.clip(0) * (255 / strongest)).astype(np.uint8)


def _pages(path: Path, max_pixels: int, longest_px: int | None) -> Iterator[NDArray[np.uint8]]:
    """(H, W) uint8 grey of every page, its longer side reduced to ``longest_px`` at most.

    Raises InputError, without the file's name, where one cannot be read.
    """
    try:
        with path.open("rb") as file:
            with _guarded(None):
                image = Image.open(file, formats=list(FORMATS))
            for number in count():
                if number and (image.format not in PAGED or not _turned(image, number, max_pixels)):
                    return
                if number == MAX_PAGES:
                    raise InputError(f"more than {MAX_PAGES:,} pages; from this one on they are not read")
                _check_size(image, max_pixels)
                with _guarded(max_pixels):
                    grey_HW = _grey(ImageOps.exif_transpose(_reduced(image, longest_px)))
                yield grey_HW
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("no such file") from error
    except UnidentifiedImageError as error:
        raise InputError(f"not an image of a format that is read ({', '.join(FORMATS)})") from error
    except Exception as error:  # decoders answer to damaged files with errors of every kind
        raise InputError(f"the image cannot be read ({error})") from error


def _turned(image: Image.Image, number: int, max_pixels: int) -> bool:
    """Go to a further page; False where there is none."""
    try:
        with _guarded(max_pixels):
            image.seek(number)
    except EOFError:
        return False
    return True


def _check_size(image: Image.Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise InputError(
            f"{image.width:,} × {image.height:,} pixels, at most {max_pixels:,} are read; crop it, or "
            "raise --max-pixels"
        )


@contextmanager
def _guarded(max_pixels: int | None) -> Iterator[None]:
    """Pillow's own limit on pixels, its warning an error; other warnings are no help to a person."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _reduced(image: Image.Image, longest_px: int | None) -> Image.Image:
    """The picture, a large one smaller by a whole factor: all that follows needs memory for what is left only."""
    if longest_px is None or max(image.size) <= longest_px:
        return image
    image.draft(None, (longest_px, longest_px))  # a JPEG is made smaller while it is decoded
    if image.mode.startswith("I;"):
        image = image.convert("I")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in ("1", "P", "PA"):
        image = image.convert("L")
    return image.reduce(-(-max(image.size) // longest_px))


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W) uint8 luminance; what is transparent becomes paper of the other tone than what is opaque."""
    if image.mode.startswith("I") or image.mode == "F":
        return _stretched(np.asarray(image, np.float64))
    if image.mode == "LAB":
        return np.asarray(image.getchannel("L"))
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    colour = image.convert("RGBA")
    luminance, alpha = np.asarray(colour.convert("L"), np.float64), np.asarray(colour.getchannel("A"), np.float64) / 255
    if alpha.sum() == 0:
        raise InputError("the image is wholly transparent")
    paper = 0.0 if (luminance * alpha).sum() / alpha.sum() > MID_GREY else 255.0
    blended_HW: NDArray[np.uint8] = np.rint(luminance * alpha + paper * (1 - alpha)).astype(np.uint8)
    return blended_HW


def _stretched(levels_HW: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W) uint8 of levels of any range, the lowest 0 and the highest 255."""
    finite_HW = np.isfinite(levels_HW)
    if not finite_HW.all():
        raise InputError(f"{(~finite_HW).sum():,} of {levels_HW.size:,} pixels are no numbers (NaN or infinite)")
    span = float(levels_HW.max() - levels_HW.min()) or 1.0
    stretched_HW: NDArray[np.uint8] = np.rint((levels_HW - levels_HW.min()) * (255 / span)).astype(np.uint8)
    return stretched_HW
