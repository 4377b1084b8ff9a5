"""ONNX graphs → the files of an export folder, each with the temperature that fits the validation samples.

N samples · C classes
"""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.parity import megabytes, top1
from glyphlens.export.temperature import fit_temperature, with_temperature
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent, Precision, Tensor, model_name
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import BATCH, LOGITS, Recognizer, open_session, tensors_of

TEMPERATURE_DIGITS = 4  # more would let the last bit of a sum change the file's bytes


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
    """A file as it was written, and its (N, C) logits and accuracy on the validation samples; MB of 10^6 bytes."""

    file: Path
    precision: Precision
    temperature: float
    megabytes: float
    val_NC: NDArray[np.float32]
    val_top1: float

    @property
    def recognizer(self) -> Recognizer:
        """The file, opened anew."""
        return Recognizer.load(self.file)


def export_models(
    folder: ExportFolder,
    manifest: Manifest,
    models: Mapping[Precision, onnx.ModelProto],
    val: Samples,
    stem: str = "",
) -> dict[Precision, ExportedFile]:
    """Write the graphs, whose temperature is 1, with the one that fits the validation samples, and the manifest."""
    found = {precision: _calibrate(model, val) for precision, model in models.items()}
    (first, *_) = found.values()
    whole = manifest.model_copy(update={"inputs": first.inputs, "outputs": first.outputs})
    folder.save_models(whole, {precision: each.content for precision, each in found.items()}, stem)
    exported: dict[Precision, ExportedFile] = {}
    for precision, (content, val_NC, _, _) in found.items():
        file, val_top1 = folder.path / model_name(precision, stem), top1(val_NC, val.classes_N)
        exported[precision] = ExportedFile(file, precision, content.temperature, megabytes(file), val_NC, val_top1)
    return exported


def drawn_rows(rows: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """At most ``count`` of the given rows, drawn from the seed, ascending."""
    chosen = np.random.default_rng([seed, len(rows)]).choice(rows, min(count, len(rows)), replace=False)
    return np.sort(chosen)


class _Calibrated(NamedTuple):
    """A graph with its temperature, its scaled (N, C) validation logits, and its ends."""

    content: ModelContent
    val_NC: NDArray[np.float32]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def _calibrate(model: onnx.ModelProto, val: Samples) -> _Calibrated:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / model_name("fp32")
        file.write_bytes(_graph(model, 1.0))
        session = open_session(file)
    parts = [slice(start, start + BATCH) for start in range(0, len(val.classes_N), BATCH)]
    plain_NC: NDArray[np.float32] = np.concatenate(
        [session.run([LOGITS], {name: feed[part] for name, feed in val.feeds.items()})[0] for part in parts]
    )
    temperature = round(fit_temperature(plain_NC, val.classes_N), TEMPERATURE_DIGITS)
    content = ModelContent(_graph(model, temperature), temperature)
    return _Calibrated(content, plain_NC / np.float32(temperature), *tensors_of(session))


def _graph(model: onnx.ModelProto, temperature: float) -> bytes:
    graph: bytes = with_temperature(model, temperature).SerializeToString(deterministic=True)
    return graph
