"""Servers that tests share: one with every released model, and a small one that takes little."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.forged_release import save_release
from tests.serving.running_server import RunningServer, running_server

TOKEN = "a-token-for-tests-only"
LITTLE = (
    "--workers", "1", "--body-mib", "0.2", "--held-mib", "1", "--max-pixels", "1000000", "--max-pages", "6",
    "--header-seconds", "1", "--body-seconds", "1.5", "--waiting", "4", "--connections", "20", "--batch", "2",
)  # fmt: skip


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """All releases, limits as they are by default but for the time, of which a busy machine needs more."""
    with running_server(tmp_path_factory.mktemp("server"), "--workers", "1", "--seconds", "300") as running:
        yield running


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linear model of three characters."""
    return save_release(tmp_path_factory.mktemp("model") / "release")


@pytest.fixture(scope="session")
def little(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Iterator[RunningServer]:
    """One small model and small limits."""
    with running_server(tmp_path_factory.mktemp("little"), "--model", f"small={small_model}", *LITTLE) as running:
        yield running


@pytest.fixture(scope="session")
def drawing() -> Callable[..., bytes]:
    """PNG files of strokes, another for every number."""

    def draw(number: int = 0, side: int = 120, form: str = "PNG", pages: int = 1) -> bytes:
        images = []
        for page in range(pages):
            image = Image.new("L", (side, side), 255)
            pen, shift = ImageDraw.Draw(image), 7 * (number + page)
            pen.line((20, 20 + shift % 60, side - 20, side - 25 - shift % 31), fill=0, width=8)
            pen.ellipse((30 + shift % 40, 40, 60 + shift % 40, 70 + shift % 23), outline=0, width=6)
            images.append(image)
        buffer = io.BytesIO()
        images[0].save(buffer, form, **({"save_all": True, "append_images": images[1:]} if pages > 1 else {}))
        return buffer.getvalue()

    return draw
