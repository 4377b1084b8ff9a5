"""Pictures of real characters, drawn from real fonts and worn as people's pictures are; pages of Khmer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page

from benchmarks.picture_faults import FAULTS, faulty_file
from tests.conftest import fetched_fonts, few_packages
from tests.inference.khmer_pages import TEXTS, khmer_font, turned
from tests.inference.khmer_pages import page as khmer_page
from tests.page.browser import shown_page

ARABIC, JAPANESE = "عكمهي", "あかね川石"
SIZE_PX = 160


def drawn(text: str, face: ImageFont.FreeTypeFont) -> np.ndarray:
    """(H, W) uint8 ink of a character."""
    image = Image.new("L", (2 * SIZE_PX, 2 * SIZE_PX))
    ImageDraw.Draw(image).text((SIZE_PX // 2, SIZE_PX // 2), text, fill=255, font=face)
    return np.asarray(image)


def worn_files(folder: Path, characters: str, font: Path) -> list[Path]:
    """Each character with some of the faults, so that all faults occur."""
    face = ImageFont.truetype(font, SIZE_PX)
    files = []
    for number, fault in enumerate(FAULTS):
        file = folder / f"{number:02}{'.jpg' if 'JPEG' in fault else '.png'}"
        file.write_bytes(faulty_file(drawn(characters[number % len(characters)], face), fault, number))
        files.append(file)
    return files


@pytest.fixture(scope="session")
def arabic_files(tmp_path_factory: pytest.TempPathFactory, arabic_font_path: Path) -> list[Path]:
    """Arabic letters, every fault once."""
    return worn_files(tmp_path_factory.mktemp("arabic"), ARABIC, arabic_font_path)


@pytest.fixture(scope="session")
def japanese_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Kana and kanji likewise."""
    packages = few_packages(tmp_path_factory.mktemp("packages") / "packages", ("zen-kurenaido",))
    fonts = fetched_fonts(packages, "japanese", 1)
    return worn_files(tmp_path_factory.mktemp("japanese"), JAPANESE, next(fonts.glob("*.woff2")))


@pytest.fixture(scope="session")
def khmer_pages(khmer_font_folder: Path) -> Sequence[np.ndarray]:
    """(H, W) uint8 grey: a line, a page, a page of close lines that is askew, light on dark, a page upside down."""
    face = khmer_font(next(khmer_font_folder.glob("battambang-khmer-400-*.woff2")), 40)
    whole = khmer_page(TEXTS[:4], face, 72)
    return (
        khmer_page(TEXTS[:1], face, 60, margin_px=10),
        whole,
        turned(khmer_page(TEXTS[:5], face, 56), 2),
        np.asarray(255 - khmer_page(TEXTS[4:6], face, 64)),
        np.ascontiguousarray(whole[::-1, ::-1]),
    )


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """The page in a headless browser; whatever it complains of fails the module's tests."""
    yield from shown_page()
