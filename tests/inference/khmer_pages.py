"""Pages of Khmer text, drawn by Pillow with HarfBuzz, for what finds and reads lines."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from glyphlens.imaging.font_bytes import uncompressed

Grey = NDArray[np.uint8]
# Lines with subscripts, vowels on all four sides and stacked signs; from Article 1 and 2 of the Universal Declaration.
TEXTS = (
    "មនុស្សទាំងអស់ កើតមកមានសេរីភាព និងសមភាព",
    "ក្នុងផ្នែកសេចក្ដីថ្លៃថ្នូរនិងសិទ្ធិ",
    "មនុស្ស មានវិចារណញ្ញាណនិងសតិសម្បជញ្ញៈជាប់ពីកំណើត",
    "ហើយគប្បីប្រព្រឹត្ដចំពោះគ្នាទៅវិញទៅមក",
    "ក្នុងស្មារតីភាតរភាពជាបងប្អូន។",
    "មនុស្សម្នាក់ៗអាចប្រើប្រាស់សិទ្ធិនិងសេរីភាពទាំងអស់",
    "ដែលមានចែងក្នុងសេចក្ដីប្រកាសនេះ ដោយគ្មានការប្រកាន់បែងចែក",
    "បែបណាមួយ មានជាអាទិ៍ ពូជសាសន៍ ពណ៌សម្បុរ ភេទ ភាសា សាសនា",
)


def khmer_font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    """The font of a woff2 file."""
    return ImageFont.truetype(BytesIO(uncompressed(path.read_bytes())), size_px, layout_engine=ImageFont.Layout.RAQM)


def page(
    texts: Sequence[str],
    font: ImageFont.FreeTypeFont,
    leading_px: int,
    *,
    margin_px: int = 60,
    width_px: int | None = None,
) -> Grey:
    """Dark lines on white, one below the other."""
    widest = max(font.getlength(text, language="km") for text in texts)
    width = width_px or int(widest) + 2 * margin_px
    picture = Image.new("L", (width, 2 * margin_px + leading_px * (len(texts) + 1)), 255)
    pen = ImageDraw.Draw(picture)
    for number, text in enumerate(texts):
        pen.text((margin_px, margin_px + number * leading_px), text, fill=0, font=font, language="km")
    return np.asarray(picture)


def turned(grey_HW: Grey, degrees: float) -> Grey:
    """The page turned clockwise on a larger white one."""
    picture = Image.fromarray(grey_HW)
    return np.asarray(picture.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255))


def scanned(grey_HW: Grey, seed: int, noise: float = 12) -> Grey:
    """A page with uneven light, grain and a blur."""
    rng = np.random.default_rng(seed)
    height, width = grey_HW.shape
    light = 0.75 + 0.25 * np.linspace(0, 1, width)[None, :] * np.linspace(1, 0.6, height)[:, None]
    lit = grey_HW * 0.85 * light + 20 + rng.normal(0, noise, grey_HW.shape)
    return np.asarray(Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)))
