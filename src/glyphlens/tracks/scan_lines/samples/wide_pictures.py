"""PNG and TIFF pictures of numbers that Pillow cuts or cannot take, read by OpenCV: signed bytes, 64 bits, colours of
16 bits.

H×W pixels
"""

import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    EXTRASAMPLES,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLEFORMAT,
    SAMPLESPERPIXEL,
    ImageFileDirectory_v2,
)

SIGNED, BYTE, WIDE = 2, 8, 16  # the sample format of TIFF 6.0, and bits
BLACK_IS_ZERO, GREYS, OPACITIES, PLANES = 1, (0, 1), {1, 2}, 2  # its photometric interpretations, extra samples, planes
BIG_TIFF = 43  # version number of TIFF with offsets of 64 bits, in the third byte or the fourth
LUMINANCE = np.array([114, 587, 299]) / 1000  # of blue, green, red: ITU-R 601-2, as Pillow has it
COLOURED = len(("blue", "green", "red", "opacity"))


Tags = Mapping[int, Any]


def is_cut(image: ImageFile, tags: Tags) -> bool:
    """Whether Pillow gives other numbers than are stored: signed bytes as if unsigned, colours of 16 bits as 8."""
    if tags.get(SAMPLEFORMAT, (1,))[0] == SIGNED and tags[BITSPERSAMPLE][0] == BYTE:
        return True
    is_coloured = image.mode in ("RGB", "RGBA", "LA", "RGBX")
    return is_coloured and (tags.get(BITSPERSAMPLE, (BYTE,))[0] == WIDE or ";16" in str(image.tile[0].args))


def has_channels(tags: Tags) -> bool:
    """Whether a TIFF picture has numbers beside its grey or colours that are no opacity: of them readers give the first
    alone, or a mixture."""
    kinds, is_grey = tags.get(EXTRASAMPLES, ()), tags.get(PHOTOMETRIC_INTERPRETATION, BLACK_IS_ZERO) in GREYS
    is_bare = is_grey and tags.get(SAMPLESPERPIXEL, 1) > 1 + len(kinds)
    return is_bare or not OPACITIES.issuperset(kinds)


def tiff_tags(file: BinaryIO) -> ImageFileDirectory_v2:
    """The first page's header; its ``next`` is 0 where there is no other page.

    Raises SyntaxError, as Pillow does, where it is no TIFF file, and what Pillow only warns of: the header ends early.
    """
    file.seek(0)
    header = file.read(8)
    if BIG_TIFF in header[2:4]:
        header += file.read(8)
    tags = ImageFileDirectory_v2(header)
    file.seek(tags.next)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tags.load(file)
    return tags


def whole_numbers(file: BinaryIO, tags: Tags) -> NDArray[np.float64]:
    """(H, W) float64 of the first page, in the unit in which it is stored; luminance of colours, NaN where not opaque.

    Raises ValueError where OpenCV cannot read it either, or would read other numbers.
    """
    is_grey = tags.get(PHOTOMETRIC_INTERPRETATION) in GREYS
    if tags.get(SAMPLESPERPIXEL, 1) > 1 and (is_grey or tags.get(PLANAR_CONFIGURATION) == PLANES):
        raise ValueError("grey with opacity, or planes one after the other, of such numbers; store it as .npy")
    file.seek(0)
    stored = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ValueError("numbers of a type that no reader here takes; store it as .npy")
    if stored.ndim == len(("height", "width")):
        return stored.astype(np.float64)
    luminance_HW: NDArray[np.float64] = stored[..., :3].astype(np.float64) @ LUMINANCE
    if stored.shape[-1] == COLOURED:
        opaque = 1 if np.issubdtype(stored.dtype, np.floating) else np.iinfo(stored.dtype.name).max
        luminance_HW[stored[..., 3] < opaque] = np.nan
    return luminance_HW
