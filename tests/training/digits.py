"""Real handwriting that comes with scikit-learn: 1,797 digits of 43 people, 8×8 pixels, here magnified to 64×64."""

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional

from glyphlens.core.share import Share
from glyphlens.tracks.kanji.recognizers import cnn
from glyphlens.training.batches import Batch
from glyphlens.training.loop import train
from glyphlens.training.params import TrainingParams
from glyphlens.training.qat import Pair, QatParams, RoundedNetwork, prepare
from glyphlens.training.task import ClassTask
from tests.training.settings import COMMON, kept_in

TRAINED = 1200  # the first rows; the others were written by other people
STEPS = {"batch": 32, "ema_decay": 0.0, "precision": "32-true", "smoothing": 0.05}
FLOAT = TrainingParams.model_validate({**COMMON, **STEPS, "steps": 80, "lr": 0.004, "validate_every": 40})
QAT = QatParams.model_validate(
    {
        **COMMON,
        **STEPS,
        "steps": 24,
        "lr": 0.001,
        "validate_every": 8,
        "range_batches": 2,
        "frozen_share": 0.5,
        "reduce_range": True,
    }
)


@functools.cache
def digits() -> tuple[Tensor, Tensor]:
    """(1797, 1, 64, 64) float ink in 0..1, and (1797,) int64."""
    known = load_digits()
    small = torch.tensor(known.images, dtype=torch.float32).unsqueeze(1) / 16
    return functional.interpolate(small, size=64, mode="bilinear"), torch.tensor(known.target)


class DigitBatches:
    """Training digits drawn by step."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """32 of them for all processes."""
        images, targets = digits()
        rows = torch.randint(0, TRAINED, (32,), generator=torch.Generator().manual_seed(step))
        rows = rows[Share(rank, world).rows(32)]
        return Batch((images[rows],), targets[rows])


def held_out() -> Sequence[Batch]:
    """The others, 200 a batch."""
    images, targets = digits()
    starts = range(TRAINED, len(images), 200)
    return [Batch((images[start : start + 200],), targets[start : start + 200]) for start in starts]


def right_share(logits_NC: Tensor) -> float:
    """Accuracy on the held-out digits."""
    return float((logits_NC.argmax(1) == digits()[1][TRAINED:]).double().mean())


def fit(model: torch.nn.Module, params: TrainingParams, folder: Path) -> None:
    """Train with the project's one loop."""
    train(model, DigitBatches(), held_out(), params, task=ClassTask(params.smoothing), **kept_in(folder))


@functools.cache
def float_network() -> cnn.Network:
    """A trained CNN; leave it as it is."""
    torch.manual_seed(0)
    network = cnn.Network(cnn.Config(10, (8, 16, 32, 128, 512), (1, 2, 1, 1)))
    with tempfile.TemporaryDirectory() as folder:
        fit(network, FLOAT, Path(folder) / "float")
    return network


def untrained() -> cnn.Network:
    """A small CNN of two levels as it starts."""
    torch.manual_seed(0)
    return cnn.Network(cnn.Config(10, (8, 8, 16), (1, 1)))


def prepared(params: QatParams = QAT, network: torch.nn.Module | None = None) -> tuple[RoundedNetwork, list[Pair]]:
    """A network, by default the trained CNN, ready for QAT."""
    first = [DigitBatches().batch(params.steps + number).inputs[0] for number in range(params.range_batches)]
    return prepare(network or float_network(), first, params)


@functools.cache
def rounded_network() -> tuple[RoundedNetwork, list[Pair]]:
    """The same CNN after QAT; leave it as it is."""
    rounded, pairs = prepared()
    with tempfile.TemporaryDirectory() as folder:
        fit(rounded, QAT, Path(folder) / "qat")
    return rounded, pairs
