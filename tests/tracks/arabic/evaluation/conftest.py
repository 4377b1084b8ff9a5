"""A small sample set and a recogniser that is right or wrong as it is told."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits, save_sample_set
from glyphlens.inference.recognizer import RASTER, Feeds
from glyphlens.tracks.arabic.evaluation.outcomes import outcome_table

LABELS = ("beh.init", "beh.medi", "fatha", "lam_alef.isol", "teh.init")
KINDS = ("init", "medi", "diacritic", "ligature", "init")
FAMILIES = {"amiri": "train", "cairo": "train", "lateef": "val", "mada": "test", "qahiri": "test"}


@pytest.fixture
def samples(tmp_path: Path) -> SampleSet:
    """Five classes in five families, one picture each; class c has its ink in row band c. No test sample of teh."""
    rows: list[dict[str, object]] = []
    pictures = []
    for family, split in FAMILIES.items():
        for number, (label, kind) in enumerate(zip(LABELS, KINDS, strict=True)):
            if (family, label) in {
                ("mada", "teh.init"),
                ("qahiri", "teh.init"),
                ("amiri", "fatha"),
                ("cairo", "fatha"),
            }:
                continue
            picture = np.zeros((128, 128), bool)
            picture[16 * number : 16 * number + 8, : 8 * (2 + len(rows) % 3)] = True
            pictures.append(picture)
            rows.append(
                {
                    "sample_id": len(rows),
                    "class_index": number,
                    "label": label,
                    "group": family,
                    "split": split,
                    "source": "font",
                    "form": label.partition(".")[2],
                    "char_class": kind,
                    "is_diacritic": kind == "diacritic",
                }
            )
    alike = {"beh.init": ("teh.init",), "teh.init": ("beh.init",)}
    classes = [CharacterClass(label, lookalikes=alike.get(label, ())) for label in LABELS]
    save_sample_set(
        tmp_path / "rasters", pack_bits(np.stack(pictures)), pd.DataFrame(rows), classes, ImageFormat(128, 128, 1)
    )
    return SampleSet.open(tmp_path / "rasters")


@dataclass
class FakeReader:
    """Probability of class c = share of the ink in row band c, so that taking ink away changes the answer."""

    classes: int

    def probabilities(self, feeds: Feeds, batch: int = 256) -> NDArray[np.float32]:
        rasters_NHW = feeds[RASTER]
        bands = (rasters_NHW > 0).reshape(len(rasters_NHW), 8, -1).sum(axis=2)[:, : self.classes] + 1e-3
        shares: NDArray[np.float32] = (bands / bands.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader(len(LABELS))


@pytest.fixture
def outcomes(samples: SampleSet) -> pd.DataFrame:
    """Eight test samples, five right: beh.init read as its twin teh.init, beh.medi as beh.init, fatha as lam_alef."""
    guesses = [0, 1, 2, 3, 4, 0, 3, 3]
    sure = [0.9, 0.8, 0.7, 0.6, 0.9, 0.8, 0.7, 0.6]
    probabilities = np.full((8, 5), 0.01)
    probabilities[np.arange(8), guesses] = sure
    probabilities[5, 1] = 0.15  # a near miss
    bare = np.roll(probabilities, 1, axis=1)
    return outcome_table(samples, samples.rows("test"), probabilities, bare, np.array([0, 1, 2, 3, 0, 1, 2, 0]))
