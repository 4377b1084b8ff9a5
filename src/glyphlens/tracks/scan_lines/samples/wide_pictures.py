"""PNG and TIFF pictures of numbers that Pillow cuts or cannot take, read by OpenCV: signed bytes, 64 bits, colours of
16 bits.

H×W pixels
"""

import warnings
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, IMAGELENGTH, IMAGEWIDTH, SAMPLEFORMAT, ImageFileDirectory_v2

SIGNED, BYTE, WIDE = 2, 8, 16  # the sample format of TIFF 6.0, and bits
OPAQUE = 2**WIDE - 1
BIG_TIFF = 43  # version number of TIFF with offsets of 64 bits, in the third byte or the fourth
LUMINANCE = np.array([114, 587, 299]) / 1000  # of blue, green, red: ITU-R 601-2, as Pillow has it
COLOURED = len(("blue", "green", "red", "opacity"))


class TiffFacts(NamedTuple):
    """The first page of a TIFF file as its header has it, and whether there is another."""

    height: int
    width: int
    has_more: bool


def is_cut(image: ImageFile) -> bool:
    """Whether Pillow gives other numbers than are stored: signed bytes as if unsigned, colours of 16 bits as 8."""
    tags = getattr(image, "tag_v2", {})
    if tags.get(SAMPLEFORMAT, (1,))[0] == SIGNED and tags[BITSPERSAMPLE][0] == BYTE:
        return True
    is_coloured = image.mode in ("RGB", "RGBA", "LA", "RGBX")
    return is_coloured and (tags.get(BITSPERSAMPLE, (BYTE,))[0] == WIDE or ";16" in str(image.tile[0].args))


def tiff_facts(file: BinaryIO) -> TiffFacts:
    """Raises SyntaxError, as Pillow does, where it is no TIFF file, KeyError where it does not say its size, and what
    Pillow only warns of: the header ends early."""
    file.seek(0)
    header = file.read(8)
    if BIG_TIFF in header[2:4]:
        header += file.read(8)
    tags = ImageFileDirectory_v2(header)
    file.seek(tags.next)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tags.load(file)
    return TiffFacts(tags[IMAGELENGTH], tags[IMAGEWIDTH], tags.next != 0)


def whole_numbers(file: BinaryIO) -> NDArray[np.float64]:
    """(H, W) float64 of the first page, in the unit in which it is stored; luminance of colours, NaN where not opaque.

    Raises ValueError where OpenCV cannot read it either.
    """
    file.seek(0)
    stored = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ValueError("numbers of a type that no reader here takes; store it as .npy")
    if stored.ndim == len(("height", "width")):
        return stored.astype(np.float64)
    luminance_HW: NDArray[np.float64] = stored[..., :3].astype(np.float64) @ LUMINANCE
    if stored.shape[-1] == COLOURED:
        luminance_HW[stored[..., 3] < OPAQUE] = np.nan
    return luminance_HW
