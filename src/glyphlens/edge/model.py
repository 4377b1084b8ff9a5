"""A released recogniser on its way to other runtimes: what is converted, and the samples that both files must read.

A track that has some says so in ``export/edge.py``, by a function ``edge_model``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import Tensor, nn

from glyphlens.core.errors import InputError
from glyphlens.edge.worker import Arrays, Opened
from glyphlens.inference.folder import ExportFolder, Precision
from glyphlens.inference.recognizer import LOGITS, open_session, tensors_of

FULL_INK = 255.0
AGAIN = "make it again with `dvc repro`, or fetch it with `dvc pull`"
Decisions = Sequence[str]


@dataclass(frozen=True, eq=False)
class EdgeModel:
    """A recogniser, and N real samples of its test split.

    ``released``: the ONNX file whose answers count. ``graphs``: by precision what ONNX converters get, the released
    weights and, where the export is there, those before rounding. ``network``: the latter in torch, with the inputs
    and outputs of the graph, but floats where the graph reads bytes; None where they are not there.
    ``decide``: from a sample's number and outputs what is answered, a class for each step, or the characters of a text
    (``is_text``). ``truths``: what should be answered, for every step where it is one.
    """

    name: str
    released: Path
    graphs: Mapping[Precision, onnx.ModelProto]
    network: nn.Module | None
    rows: Sequence[Arrays]
    truths: Sequence[Decisions]
    decide: Callable[[int, Arrays], Decisions]
    is_text: bool = False

    def decisions(self, answers: Sequence[Arrays]) -> list[Decisions]:
        """What every sample's outputs say."""
        return [self.decide(number, outputs) for number, outputs in enumerate(answers)]


class FromInk(nn.Module):
    """A network of ink 0..1 with the raster of 0..255 in front of it and the temperature behind."""

    def __init__(self, network: nn.Module, temperature: float = 1.0) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, raster_NHW: Tensor) -> Tensor:
        """(N, H, W) float32 of 0..255 → what the network gives."""
        found: Tensor = self.network(raster_NHW.unsqueeze(1) / FULL_INK) / self.temperature
        return found


class EdgeMaker(Protocol):
    """What a track's ``export/edge.py`` offers: the released model below ``root`` with at most ``count`` samples, drawn
    from the seed."""

    def __call__(self, root: Path, count: int, seed: int) -> EdgeModel:
        """Raises InputError where the release or the samples are not there."""
        ...


def edge_maker(track: str) -> EdgeMaker | None:
    """That of a track; None where it has none."""
    module = f"glyphlens.tracks.{track}.export.edge"
    return cast(EdgeMaker, import_module(module).edge_model) if find_spec(module) else None


def open_onnx(file: Path) -> Opened:
    """The released file as workers open theirs, on one core."""
    session = open_session(file, threads=1)
    inputs, outputs = tensors_of(session)
    shapes = {
        end.name: (tuple(side if isinstance(side, int) else 0 for side in end.shape), end.dtype) for end in inputs
    }
    names = [end.name for end in outputs]
    return Opened(shapes, lambda feed: dict(zip(names, session.run(names, dict(feed)), strict=True)))


def released_graph(file: Path) -> onnx.ModelProto:
    """The graph of a model file; raises InputError where it is none."""
    open_session(file, threads=1)
    return onnx.load(file)


def export_of(released: Path, exports: Path) -> Path | None:
    """The export folder below ``exports`` whose manifest lists this very file; None where it is not there."""
    (entry,) = ExportFolder(released.parent).manifest.files.values()
    folders = sorted(file.parent for file in exports.rglob("labels.json"))
    listed = {folder: ExportFolder(folder).manifest.files.values() for folder in folders}
    return next((folder for folder, files in listed.items() if entry.sha256 in {file.sha256 for file in files}), None)


def graphs_of(released: Path, fp32: Path | None) -> dict[Precision, onnx.ModelProto]:
    """The released graph as int8, and the one before rounding where it is there."""
    found: dict[Precision, onnx.ModelProto] = {"int8": released_graph(released)}
    return {**found, "fp32": released_graph(fp32)} if fp32 is not None and fp32.is_file() else found


def one_by_one(feeds: Mapping[str, NDArray[Any]]) -> list[Arrays]:
    """N samples as N feeds of one."""
    count = len(next(iter(feeds.values())))
    return [{name: values[number : number + 1] for name, values in feeds.items()} for number in range(count)]


def best_label(labels: Sequence[str]) -> Callable[[int, Arrays], Decisions]:
    """The decision by the best of the ``logits``, (1, C) or for every step (1, L, C)."""
    return lambda _, outputs: [labels[number] for number in np.atleast_1d(outputs[LOGITS].argmax(-1).squeeze())]


def require_samples(folder: Path, rows_N: NDArray[np.int64]) -> None:
    """Raise InputError where there is no test sample."""
    if not len(rows_N):
        raise InputError(f"{folder}: no sample of the test split; {AGAIN}")
