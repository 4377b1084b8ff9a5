"""Pictures of Arabic letters, as they are drawn and as people have them."""

import io

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.picture_faults import faulty_file

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


def drawn(letter: str) -> Image.Image:
    """300×300 pixels, dark on light."""
    image = Image.new("L", (300, 300), 255)
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 160)
    ImageDraw.Draw(image).text((90, 50), letter, font=font, fill=0)
    return image


def picture(letter: str) -> bytes:
    """It as PNG."""
    buffer = io.BytesIO()
    drawn(letter).save(buffer, "PNG")
    return buffer.getvalue()


def photo(letter: str, fault: str) -> bytes:
    """The letter as people have it, with grain and one of FAULTS, 128 pixels long."""
    return faulty_file(255 - np.asarray(drawn(letter)), fault, seed=ord(letter))
