"""What the model card of a recogniser of whole characters is written from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.export.card_parts import FileFacts, Files
from glyphlens.inference.reading import Best
from glyphlens.tracks.kanji.export.files import Exported, KanjiExportParams, MeasuredFile, Rows

RENDERED = "rendered"


@dataclass(frozen=True)
class CharacterFacts:
    """Everything the card says. ``metrics`` are those of the files on the test rows, ``measured`` as measured.json,
    ``training`` as training.json."""

    name: str
    model: nn.Module
    samples: SampleSet
    rows: Rows
    exported: Exported
    metrics: Mapping[str, float]
    measured: Mapping[str, Any]
    training: Mapping[str, Any]
    group_top1: Mapping[str, float]
    settings: KanjiExportParams
    hashes: Mapping[str, str]

    @property
    def sources(self) -> list[str]:
        """What the samples are: ``etl`` or ``rendered``."""
        return sorted(self.samples.index["source"].astype(str).unique())

    @property
    def files(self) -> Files:
        """Both files, fp32 first, with what was measured on them."""
        pairs = ((self.exported.fp32, "fp32", "test_top1"), (self.exported.int8, "int8", "int8_top1"))
        fp32, int8 = (_file_facts(file, precision, self.metrics[metric]) for file, precision, metric in pairs)
        return fp32, int8


def group_accuracy(samples: SampleSet, rows: NDArray[np.int64], best: Best) -> dict[str, float]:
    """Top-1 of every group (font, writer, sheet) of the test rows, the worst first."""
    hits = pd.Series(best.classes_NK[:, 0] == samples.class_indices[rows], dtype=float)
    scores = hits.groupby(samples.index["group"].to_numpy(object)[rows]).mean()
    return dict(sorted(((str(name), float(share)) for name, share in scores.items()), key=lambda pair: pair[::-1]))


def _file_facts(found: MeasuredFile, precision: str, test_top1: float) -> FileFacts:
    file = found.file
    return FileFacts(file.name, precision, found.megabytes, found.temperature, test_top1)
