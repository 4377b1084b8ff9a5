"""Printed lines as they reach a reader: rendered, scanned, faxed, photographed, compressed, small.

h×w pixels of a line at the resolution of its source
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Wear = Callable[[Grey, np.random.Generator], Grey]
# Height of a line in pixels, of the box it is cut out by: about 1.7 em.
HEIGHTS_PX: Mapping[str, tuple[int, int]] = {
    "clean": (30, 84),
    "scan": (38, 90),
    "fax": (34, 52),
    "photo": (34, 80),
    "jpeg": (26, 64),
    "lowres": (19, 29),
}
SLICES = tuple(HEIGHTS_PX)


def _printed(cover_HW: Grey, rng: np.random.Generator, ink: tuple[int, int], paper: tuple[int, int]) -> Grey:
    """Coverage by ink → grey on paper, with levels drawn from these ranges."""
    dark, light = rng.integers(ink[0], ink[1] + 1), rng.integers(paper[0], paper[1] + 1)
    return np.asarray(light - cover_HW.astype(np.float32) * ((light - dark) / 255) + 0.5, np.uint8)


def _clean(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """From a file."""
    return _printed(cover_HW, rng, (0, 60), (245, 255))


def _scan(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """By an office scanner: blur, grain, specks, uneven paper, now and then in black and white."""
    cover_HW = _spread(cover_HW, rng)
    grey_HW = _blurred(_printed(cover_HW, rng, (10, 90), (205, 253)), rng.uniform(0.3, 1.0))
    grey_HW = _noisy(_lit(grey_HW, rng, 0.08), rng, rng.uniform(1, 9))
    grey_HW = _specked(grey_HW, rng, 0.3)
    if rng.random() < 0.25:
        grey_HW = _two_levels(grey_HW, rng.uniform(0.45, 0.66))
    return _jpeg(grey_HW, int(rng.integers(55, 95))) if rng.random() < 0.5 else grey_HW


def _fax(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """Coarse, in two levels, with ragged edges, specks and lost lines."""
    height, width = cover_HW.shape
    coarse = rng.uniform(0.55, 1.0)
    small = cv2.resize(_spread(cover_HW, rng), (width, max(8, round(height * coarse))), interpolation=cv2.INTER_AREA)
    grey_HW = _noisy(_blurred(np.asarray(255 - small, np.uint8), rng.uniform(0.3, 0.8)), rng, rng.uniform(6, 18))
    grey_HW = _two_levels(grey_HW, rng.uniform(0.48, 0.68))
    grey_HW = _specked(grey_HW, rng, 1.0)
    if rng.random() < 0.15:
        grey_HW[rng.integers(len(grey_HW))] = 255 * rng.integers(2)
    return np.asarray(cv2.resize(grey_HW, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _photo(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """By a telephone: perspective, a curved page, shade, blur of focus or motion, noise, JPEG."""
    grey_HW = _printed(cover_HW, rng, (20, 90), (150, 250))
    margin_px = round(0.06 * len(grey_HW))  # what is bent must not leave the picture
    grey_HW = _bent(np.pad(grey_HW, ((margin_px, margin_px), (0, 0)), mode="edge"), rng)
    grey_HW = _lit(grey_HW, rng, 0.45)
    if rng.random() < 0.3:
        reach = int(rng.integers(2, 5))
        kernel = np.full((1, reach) if rng.random() < 0.6 else (reach, 1), 1 / reach, np.float32)
        grey_HW = np.asarray(cv2.filter2D(grey_HW, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)
    grey_HW = _blurred(grey_HW, rng.uniform(0.3, 1.3) * len(grey_HW) / 60 + 0.1)
    return _jpeg(_noisy(grey_HW, rng, rng.uniform(2, 10)), int(rng.integers(45, 92)))


def _compressed(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """Compressed, perhaps twice."""
    grey_HW = _jpeg(_printed(cover_HW, rng, (0, 70), (230, 255)), int(rng.integers(12, 60)))
    return _jpeg(grey_HW, int(rng.integers(30, 80))) if rng.random() < 0.3 else grey_HW


def _lowres(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """As on a screen: few pixels, sometimes sharpened or compressed."""
    grey_HW = _printed(cover_HW, rng, (0, 80), (235, 255))
    if rng.random() < 0.3:
        soft = _blurred(grey_HW, 1.0)
        grey_HW = np.asarray(cv2.addWeighted(grey_HW, 1.5, soft, -0.5, 0), np.uint8)
    return _jpeg(grey_HW, int(rng.integers(40, 92))) if rng.random() < 0.4 else grey_HW


WEAR: Mapping[str, Wear] = {
    "clean": _clean,
    "scan": _scan,
    "fax": _fax,
    "photo": _photo,
    "jpeg": _compressed,
    "lowres": _lowres,
}


def _blurred(grey_HW: Grey, sigma_px: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey_HW, (0, 0), sigma_px), np.uint8)


def _jpeg(grey_HW: Grey, quality: int) -> Grey:
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", grey_HW, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE),
        np.uint8,
    )


def _noisy(grey_HW: Grey, rng: np.random.Generator, sigma: float) -> Grey:
    noise_HW = rng.standard_normal(grey_HW.shape, np.float32) * np.float32(sigma)
    if rng.random() < 0.5:
        noise_HW = cv2.GaussianBlur(noise_HW, (0, 0), 0.7) * np.float32(1.8)
    return np.asarray(np.clip(grey_HW + noise_HW + np.float32(0.5), 0, 255), np.uint8)


def _lit(grey_HW: Grey, rng: np.random.Generator, most: float) -> Grey:
    """Under a light that falls off smoothly to some side."""
    height, width = grey_HW.shape
    strength = rng.uniform(0, most)
    points = 1 - strength * rng.random((2, max(2, round(width / height / 4) + 1)), np.float32)
    light_HW = cv2.resize(points, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(grey_HW * light_HW, 0, 255), np.uint8)


def _specked(grey_HW: Grey, rng: np.random.Generator, most: float) -> Grey:
    """With dark and light specks, a few in a thousand pixels."""
    count = rng.poisson(grey_HW.size * most * rng.random() ** 2 / 400)
    rows, columns = rng.integers(0, len(grey_HW), count), rng.integers(0, grey_HW.shape[1], count)
    specked_HW = grey_HW.copy()
    specked_HW[rows, columns] = np.where(rng.random(count) < 0.6, rng.integers(0, 120, count), 255)
    return specked_HW


def _spread(cover_HW: Grey, rng: np.random.Generator) -> Grey:
    """Ink that ran a little, or did not take everywhere."""
    power = np.exp(rng.normal(0, 0.35))
    table = (np.linspace(0, 1, 256) ** power * 255 + 0.5).astype(np.uint8)
    return np.asarray(cv2.LUT(_blurred(cover_HW, 0.5), table), np.uint8)


def _two_levels(grey_HW: Grey, share: float) -> Grey:
    """Black below a share of the way from the darkest to the brightest."""
    low, high = np.percentile(grey_HW, (1, 95))
    return np.asarray((grey_HW > low + share * (high - low)) * np.uint8(255), np.uint8)


def _bent(grey_HW: Grey, rng: np.random.Generator) -> Grey:
    """Rows moved along a curve and scaled towards one end, as on a page that is neither flat nor straight."""
    height, width = grey_HW.shape
    along = np.linspace(-1, 1, width, dtype=np.float32)
    wave = np.sin(along * np.float32(rng.uniform(0.5, 2.5)) + np.float32(rng.uniform(0, 6.3)))
    shift = (rng.uniform(0, 0.05) * wave + rng.normal(0, 0.02) * along).astype(np.float32) * height
    growth = 1 + np.float32(rng.normal(0, 0.03)) * along
    rows = (np.arange(height, dtype=np.float32)[:, None] - height / 2) * growth + height / 2 + shift
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), grey_HW.shape)
    columns = columns + np.float32(rng.normal(0, 0.04)) * (np.arange(height, dtype=np.float32)[:, None] - height / 2)
    warped = cv2.remap(
        grey_HW, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)
