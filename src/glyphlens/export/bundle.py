"""A model file with its label map beside it: written, calibrated on the validation split, scored on the test split.

N samples · C classes
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json, writing
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.temperature import fit_temperature, with_temperature
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import LABELS_FILE, Recognizer

TEMPERATURE_DIGITS = 4  # more would let the last bit of a sum change the file's bytes
LabelMap = Callable[[float], dict[str, Any]]


@dataclass(frozen=True)
class Samples:
    """What a model reads (``feeds``, named inputs of N rows) and should say: int64 (N,) classes; groups (N,)."""

    feeds: Mapping[str, NDArray[Any]]
    classes_N: NDArray[np.int64]
    groups: tuple[str, ...]

    @classmethod
    def of(cls, source: SampleSet, rows: NDArray[np.int64], inputs: Collection[str], name: str) -> "Samples":
        """The given rows; raises InputError, naming the split, where there are none."""
        if not len(rows):
            raise InputError(f"{source.folder}: no sample of the {name} split; see its splits.json")
        groups = tuple(source.index.iloc[rows]["group"].astype(str))
        return cls(feeds_of(source, inputs, rows), source.class_indices[rows], groups)


@dataclass(frozen=True)
class ExportedFile:
    """One file and what it said of the validation and the test split, (N, C) logits each."""

    file: Path
    temperature: float
    val_NC: NDArray[np.float32]
    test_NC: NDArray[np.float32]


def export_file(file: Path, model: onnx.ModelProto, labels: LabelMap, val: Samples, test: Samples) -> ExportedFile:
    """Write ``file`` and labels.json, then measure the file: its logits fix the temperature put into it."""
    temperature, val_NC = calibrate(file, model, labels, val)
    return ExportedFile(file, temperature, val_NC, Recognizer.load(file).logits(test.feeds))


def calibrate(file: Path, model: onnx.ModelProto, labels: LabelMap, val: Samples) -> tuple[float, NDArray[np.float32]]:
    """Write ``file`` and labels.json with the temperature that fits the validation samples; it and their logits."""
    save_model_file(file, model, 1.0, labels)
    plain_NC = Recognizer.load(file).logits(val.feeds)
    temperature = round(fit_temperature(plain_NC, val.classes_N), TEMPERATURE_DIGITS)
    save_model_file(file, model, temperature, labels)
    return temperature, plain_NC / np.float32(temperature)


def save_model_file(file: Path, model: onnx.ModelProto, temperature: float, labels: LabelMap) -> None:
    """The graph with this temperature in it, and the label map beside it."""
    with writing(file) as partial:
        partial.write_bytes(with_temperature(model, temperature).SerializeToString(deterministic=True))
    save_json(file.with_name(LABELS_FILE), labels(temperature))


def drawn_rows(rows: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """At most ``count`` of the given rows, drawn from the seed, ascending."""
    chosen = np.random.default_rng([seed, len(rows)]).choice(rows, min(count, len(rows)), replace=False)
    return np.sort(chosen)
