"""A model file with its label map beside it: written, calibrated on the validation split, scored on the test split.

N samples · C classes
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from glyphlens.errors import InputError
from glyphlens.export.graph import Networks, assemble, with_temperature
from glyphlens.export.temperature import fit_temperature
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference import LABELS_FILE, Recognizer
from glyphlens.samples import SampleSet
from glyphlens.storage import save_json, writing

TEMPERATURE_DIGITS = 4  # more would let the last bit of a sum change the file's bytes
LabelMap = Callable[[float], dict[str, Any]]


@dataclass(frozen=True)
class Samples:
    """What a model reads and should say: uint8 (N, 128, 128), float32 (N, 7), int64 (N,), and families (N,)."""

    rasters_NHW: NDArray[np.uint8]
    geometry_NF: NDArray[np.float32]
    classes_N: NDArray[np.int64]
    families: tuple[str, ...]

    @classmethod
    def of(cls, source: SampleSet, rows: NDArray[np.int64], name: str) -> "Samples":
        """The given rows; raises InputError, naming the split, where there are none."""
        if not len(rows):
            raise InputError(f"{source.folder}: no sample of the {name} split; see its splits.json")
        frame = source.index.iloc[rows]
        families = tuple(frame["group"].astype(str))
        return cls(source.images(rows), geometry_features(frame), source.class_indices[rows], families)


@dataclass(frozen=True)
class ExportedFile:
    """One file and what it said of the validation and the test split, (N, C) logits each."""

    file: Path
    temperature: float
    val_NC: NDArray[np.float32]
    test_NC: NDArray[np.float32]


def export_file(file: Path, networks: Networks, labels: LabelMap, val: Samples, test: Samples) -> ExportedFile:
    """Write ``file`` and labels.json, then measure the file: its logits fix the temperature put into it."""
    model = assemble(networks)
    _save(file, model, 1.0, labels)
    plain_NC = Recognizer.load(file).logits(val.rasters_NHW, val.geometry_NF)
    temperature = round(fit_temperature(plain_NC, val.classes_N), TEMPERATURE_DIGITS)
    _save(file, model, temperature, labels)
    test_NC = Recognizer.load(file).logits(test.rasters_NHW, test.geometry_NF)
    return ExportedFile(file, temperature, plain_NC / np.float32(temperature), test_NC)


def _save(file: Path, model: onnx.ModelProto, temperature: float, labels: LabelMap) -> None:
    with writing(file) as partial:
        partial.write_bytes(with_temperature(model, temperature).SerializeToString(deterministic=True))
    save_json(file.with_name(LABELS_FILE), labels(temperature))
