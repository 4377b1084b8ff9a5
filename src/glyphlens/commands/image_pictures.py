"""Image file of glyphs or characters, one a page → the pictures that the recogniser was trained on.

H×W pixels · h×w pixels of what the recogniser is shown
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.in_memory import Content
from glyphlens.imaging.paper import two_levels
from glyphlens.imaging.picture_ink import MIN_CONTRAST, Reading, ink_readings
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
LARGE_PX = 2048  # a longer side is reduced to at most this before anything is made of the pixels
MID_GREY = 127.5
CARD_FILL = 0.7  # of the box around what is opaque: what fills more, in two tones, is no ink but the card it is on
ALPHA_LEAN = 3.0  # logits: what is opaque is ink rather than a stencil
ONE_AT_A_TIME = Lock()


class Page(NamedTuple):
    """(H, W) uint8 ``grey_HW``; ``lean``: how much its transparency speaks for dark ink, a logit; ``card``: what of it
    is a card with ink on it."""

    grey_HW: NDArray[np.uint8]
    lean: float = 0.0
    card: tuple[slice, slice] = (slice(None), slice(None))


class Way(NamedTuple):
    """One way to see a picture: what was made of its pixels (h, w), how probable it is, and what was taken for ink."""

    pixels_hw: NDArray[np.uint8]
    share: float = 1.0
    seen_as: str = ""


class Picture(NamedTuple):
    """A page, called ``file``, ``file#2`` …: the ways to see it, the most probable first, or why there is none."""

    name: str
    ways: tuple[Way, ...]
    fault: str

    @property
    def pixels_hw(self) -> NDArray[np.uint8] | None:
        """Those of the most probable way."""
        return self.ways[0].pixels_hw if self.ways else None


def read_pictures(
    path: Content, prepare: Prepare, ink: Ink = "auto", *, max_pixels: int = MAX_PIXELS
) -> Iterator[Picture]:
    """What ``prepare`` makes of the ink of every page, in each way that it may be meant (``ink_readings``).

    A page that is no image, has no contrast or more than ``max_pixels`` is a fault; what cannot be read ends the file.
    """

    def ways(page: Page) -> Sequence[Way]:
        return _ways(ink_readings(page.grey_HW[page.card], None if ink == "auto" else ink, page.lean), prepare)

    return _each_page(path, ways, max_pixels, LARGE_PX)


def read_greys(path: Content, *, max_pixels: int = MAX_PIXELS) -> Iterator[Picture]:
    """(H, W) uint8 grey of every page at its own size; faults as for ``read_pictures``."""
    return _each_page(path, lambda page: [Way(page.grey_HW)], max_pixels, None)


def _each_page(
    path: Content, see: Callable[[Page], Sequence[Way]], max_pixels: int, longest_px: int | None
) -> Iterator[Picture]:
    pages = _pages(path, max_pixels, longest_px)
    for number in count(1):
        name = shown(path) if number == 1 else f"{shown(path)}#{number}"
        try:
            picture = Picture(name, tuple(see(next(pages))), "")
        except InputError as error:
            picture = Picture(name, (), str(error))
        except StopIteration:
            return
        yield picture


def _ways(readings: Sequence[Reading], prepare: Prepare) -> list[Way]:
    """Every reading of which something is left; raises InputError as ``prepare`` does where that is none."""
    found, faults = [], []
    for reading in readings:
        seen_as = f"{reading.tone} ink" + ", without what lies at the border" * reading.is_cleared
        try:
            found.append(Way(prepare(reading.ink_hw), reading.share, seen_as))
        except InputError as error:
            faults.append(error)
    if not found:
        raise faults[0]
    total = sum(way.share for way in found)
    return [way._replace(share=way.share / total) for way in found]


def _pages(path: Content, max_pixels: int, longest_px: int | None) -> Iterator[Page]:
    """The grey of every page, its longer side reduced to ``longest_px`` at most.

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
                    page = _page(ImageOps.exif_transpose(_reduced(image, longest_px)))
                yield page
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
    """Pillow's own limit on pixels, its warning an error; other warnings are no help to a person.

    Both are the whole process's, so one thread at a time is in the block.
    """
    with ONE_AT_A_TIME:
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


def _page(image: Image.Image) -> Page:
    """Its luminance; what is transparent becomes paper."""
    if image.mode.startswith("I") or image.mode == "F":
        return Page(_stretched(np.asarray(image, np.float64)))
    if image.mode == "LAB":
        return Page(np.asarray(image.getchannel("L")))
    if not image.has_transparency_data:
        return Page(np.asarray(image.convert("L")))
    colour = image.convert("RGBA")
    luminance_HW, alpha_HW = np.asarray(colour.convert("L")), np.asarray(colour.getchannel("A"))
    if not alpha_HW.any():
        raise InputError("the image is wholly transparent")
    card = _card(luminance_HW, alpha_HW)
    if card is not None:
        return Page(_blended(luminance_HW, alpha_HW, float(np.median(luminance_HW[alpha_HW > MID_GREY]))), card=card)
    weights_HW = alpha_HW.astype(np.float64)
    is_dark = (luminance_HW * weights_HW).sum() / weights_HW.sum() <= MID_GREY
    lean = 0.0 if alpha_HW.min() == 255 else ALPHA_LEAN if is_dark else -ALPHA_LEAN
    return Page(_blended(luminance_HW, alpha_HW, 255.0 if is_dark else 0.0), lean)


def _card(luminance_HW: NDArray[np.uint8], alpha_HW: NDArray[np.uint8]) -> tuple[slice, slice] | None:
    """The box of what is opaque, where that is not ink itself but has ink on it."""
    opaque_HW = alpha_HW > MID_GREY
    if not opaque_HW.any():
        return None
    rows, columns = (np.flatnonzero(opaque_HW.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    levels = two_levels(luminance_HW[opaque_HW])
    is_card = opaque_HW[box].mean() > CARD_FILL and levels.ink - levels.paper >= MIN_CONTRAST
    return box if is_card else None


def _blended(luminance_HW: NDArray[np.uint8], alpha_HW: NDArray[np.uint8], paper: float) -> NDArray[np.uint8]:
    """(H, W) uint8 on paper of that grey."""
    share_HW = alpha_HW / 255
    blended_HW: NDArray[np.uint8] = np.rint(luminance_HW * share_HW + paper * (1 - share_HW)).astype(np.uint8)
    return blended_HW


def _stretched(levels_HW: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W) uint8 of levels of any range, the lowest 0 and the highest 255."""
    finite_HW = np.isfinite(levels_HW)
    if not finite_HW.all():
        raise InputError(f"{(~finite_HW).sum():,} of {levels_HW.size:,} pixels are no numbers (NaN or infinite)")
    span = float(levels_HW.max() - levels_HW.min()) or 1.0
    stretched_HW: NDArray[np.uint8] = np.rint((levels_HW - levels_HW.min()) * (255 / span)).astype(np.uint8)
    return stretched_HW
