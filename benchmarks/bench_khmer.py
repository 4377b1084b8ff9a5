"""Khmer lines: read together against one by one, and against Tesseract where it is installed, on the same lines."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.ratio import Ratio, timed
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.edits import edit_count, error_rate
from glyphlens.inference.khmer_text import canonical
from glyphlens.inference.line_reader import LineReader

LINES = Path("data/khmer/lines")
RELEASE = Path("models/khmer/release")
COUNT = 300
MARGIN_PX = 12  # of paper around a line, without which Tesseract reads worse
LANGUAGES = ("khm", "script/Khmer", "Khmer")  # the last two are one model, named as its file lies
CLEAN = "clean"
WANTED_LINES_PER_S = 60.0  # int8, in batches, on one core
Picture = NDArray[np.uint8]


def by_tesseract(pictures: Sequence[Picture], language: str, folder: Path) -> list[str]:
    """A call per line, as a single line of text; the pictures are on disk already."""
    command = ["tesseract", "", "stdout", "-l", language, "--psm", "7"]
    found = []
    for number in range(len(pictures)):
        command[1] = str(folder / f"{number}.png")
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(canonical(result.stdout))
    return found


def languages() -> list[str]:
    """Those of Tesseract's models for Khmer that are installed."""
    if shutil.which("tesseract") is None:
        return []
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True)
    return [language for language in LANGUAGES if language in listed.stdout.split()]


def measure() -> list[Ratio]:
    """All ways on lines that are spread over the test, on one core; Tesseract is left out where it is not there."""
    samples, reader = SampleSet.open(LINES), LineReader.load(RELEASE, threads=1, decoding="beam")
    rows = samples.rows("test")
    chosen = rows[np.linspace(0, len(rows) - 1, COUNT).astype(np.int64)]
    pictures = [samples.images(np.array([row]))[0] for row in chosen]
    texts = [canonical(samples.texts[row]) for row in chosen]
    is_clean = samples.index["slice"].to_numpy()[chosen] == CLEAN
    scored = _scorer(texts, is_clean)

    alone_s, alone = timed(lambda: [reader.read([picture])[0].text for picture in pictures])
    fast_s, together = timed(lambda: [line.text for line in reader.read(pictures)], repeats=2)
    if alone != together:
        raise AssertionError("lines are read otherwise among others")
    note = f"{COUNT / fast_s:.0f} lines/s of {WANTED_LINES_PER_S:.0f}; {scored(together)}"
    ratios = [Ratio("khmer: one line at a time", alone_s, fast_s, 1.2, note)]
    installed = languages()
    if not installed:
        print("khmer: Tesseract is not compared with, it or its Khmer models are not installed (tesseract-ocr-khm)")
    with TemporaryDirectory() as place:
        for number, picture in enumerate(pictures):
            paper = np.pad(255 - picture, MARGIN_PX, constant_values=255)
            Image.fromarray(paper).save(Path(place, f"{number}.png"))
        for language in installed:
            plain_s, read = timed(lambda language=language: by_tesseract(pictures, language, Path(place)))
            note = f"{scored(read)}; ours {scored(together)}"
            ratios.append(Ratio(f"khmer: Tesseract {language}", plain_s, fast_s, 1.0, note))
    return ratios


def _scorer(texts: Sequence[str], is_clean: NDArray[np.bool_]) -> Callable[[Sequence[str]], str]:
    lengths = np.array([len(text) for text in texts])

    def scored(read: Sequence[str]) -> str:
        edits = np.array([edit_count(text, guess) for text, guess in zip(texts, read, strict=True)])
        parts = {"all": np.ones(len(texts), np.bool_), "clean": is_clean, "worn": ~is_clean}
        return "CER " + ", ".join(
            f"{name} {error_rate(edits[part].tolist(), lengths[part].tolist()):.2%}" for name, part in parts.items()
        )

    return scored
