"""Quantisation-aware training: folding is exact, rounding is real, ranges freeze, kills are survived."""

import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.training.batches import Batch
from glyphlens.training.checkpoints import newest_state
from glyphlens.training.loop import train
from glyphlens.training.qat import QatParams, RoundedNetwork, fold, plain, unfold
from glyphlens.training.task import ClassTask
from tests.training.digits import (
    QAT,
    TRAINED,
    DigitBatches,
    digits,
    float_network,
    held_out,
    prepared,
    right_share,
    rounded_network,
    untrained,
)
from tests.training.processes import exit_code
from tests.training.settings import kept_in


class Biased(nn.Module):
    """A convolution with a bias, its normalisation in use, and a layer after them."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3)
        self.normalisation = nn.BatchNorm2d(4, eps=1e-3)
        self.classes = nn.Linear(4, 3)

    def forward(self, raster: torch.Tensor) -> torch.Tensor:
        """(N, 3)."""
        map_NCRS = torch.relu(self.normalisation(self.convolution(raster)))
        logits: torch.Tensor = self.classes(map_NCRS.mean((2, 3)))
        return logits


class NormalisedTwice(Biased):
    """Its second normalisation has no convolution to take its work over."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.BatchNorm2d(4)

    def forward(self, raster: torch.Tensor) -> torch.Tensor:
        """(N, 3)."""
        map_NCRS = self.again(torch.relu(self.normalisation(self.convolution(raster))))
        logits: torch.Tensor = self.classes(map_NCRS.mean((2, 3)))
        return logits


def answers(network: nn.Module) -> torch.Tensor:
    """Logits of the held-out digits."""
    with torch.inference_mode():
        return torch.cat([network.eval()(*batch.inputs) for batch in held_out()])


def trained_loss(rounded: RoundedNetwork) -> float:
    """What training minimises, on the digits that it saw."""
    images, targets = digits()
    with torch.inference_mode():
        logits_NC = rounded.eval()(images[:TRAINED])
    return float(nn.functional.cross_entropy(logits_NC, targets[:TRAINED], label_smoothing=QAT.smoothing))


def ranges(rounded: RoundedNetwork) -> torch.Tensor:
    """Every largest value seen so far, of activations only: weights are always measured as they are."""
    names = {name for name in rounded.state_dict() if name.endswith("max_val")}
    return torch.cat([rounded.state_dict()[name].flatten() for name in sorted(names)])


def test_a_folded_and_unfolded_network_computes_the_same() -> None:
    torch.manual_seed(1)
    network, raster = Biased(), torch.rand(6, 1, 9, 9)
    for _ in range(5):
        network(3 * raster + 1)
    network.eval()
    folded, pairs = fold(network, raster)
    again = unfold(folded, network, pairs)
    assert not [module for module in folded.modules() if isinstance(module, nn.BatchNorm2d)]
    assert again.state_dict().keys() == network.state_dict().keys()
    for other in (folded, again):
        torch.testing.assert_close(other(raster), network(raster), atol=1e-5, rtol=1e-5)
    assert not torch.equal(network.convolution.weight, folded.get_parameter("convolution.weight"))


def test_a_normalisation_without_a_convolution_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="again: follows 'relu'"):
        fold(NormalisedTwice(), torch.rand(2, 1, 9, 9))


def test_averaged_weights_and_half_precision_are_refused() -> None:
    for change in ({"ema_decay": 0.9}, {"precision": "bf16-mixed"}):
        with pytest.raises(ValueError, match="ema_decay 0, precision 32-true"):
            QatParams.model_validate({**QAT.model_dump(), **change})


def test_the_prepared_network_is_the_trained_one_rounded() -> None:
    network = float_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    rounded, pairs = prepared()
    exact, close = answers(network), answers(rounded)
    gap = (exact - close).abs().mean() / exact.std()
    assert 1e-4 < gap < 0.1, "rounded, but not far away"
    torch.testing.assert_close(answers(plain(rounded, network, pairs)), exact, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_ranges_move_in_training_only_and_not_at_its_end() -> None:
    rounded, _ = prepared(QAT.model_copy(update={"steps": 4}), untrained())
    bright = 2 * digits()[0][:16]
    seen = [ranges(rounded)]
    for mode in (False, True, True, True):
        rounded.train(mode)
        rounded(bright)
        seen.append(ranges(rounded))
    start, judged, first, second, third = seen
    assert torch.equal(start, judged)
    assert not torch.equal(judged, first) and not torch.equal(first, second)
    assert torch.equal(second, third)


def test_training_learns_weights_and_keeps_the_accuracy() -> None:
    rounded, pairs = rounded_network()
    network = float_network()
    again = plain(rounded, network, pairs)
    right = right_share(answers(network))
    assert right > 0.9
    assert right_share(answers(rounded)) >= right - 0.01
    assert right_share(answers(again)) >= right - 0.01
    assert not torch.equal(again.classes.weight, network.classes.weight)
    assert trained_loss(rounded) < trained_loss(prepared()[0]) + 0.01  # the float network has little left to learn


class Fatal(DigitBatches):
    """Kills the process when asked for step ``fatal``."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """A batch, or the end."""
        if step == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().batch(step, rank, world)


SHORT = QAT.model_copy(update={"steps": 8, "validate_every": 2})


def run(folder: Path, fatal: int = -1) -> RoundedNetwork:
    """A short QAT in a folder that may hold an unfinished one."""
    rounded, _ = prepared(SHORT, untrained())
    train(rounded, Fatal(fatal), held_out()[:1], SHORT, task=ClassTask(SHORT.smoothing), **kept_in(folder))
    return rounded


@pytest.mark.slow
def test_a_killed_training_goes_on_bit_by_bit(tmp_path: Path) -> None:
    assert exit_code(run, tmp_path / "killed", 7) == -signal.SIGKILL
    newest = newest_state(tmp_path / "killed")
    assert newest and newest.stem == "step-6"
    resumed, straight = run(tmp_path / "killed").state_dict(), run(tmp_path / "straight").state_dict()
    assert resumed.keys() == straight.keys()
    assert [name for name in resumed if not torch.equal(resumed[name], straight[name])] == []
