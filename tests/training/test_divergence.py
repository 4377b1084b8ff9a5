"""A training that leaves the finite numbers: it stops at that step, says so, and keeps what was good before."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from glyphlens.core.errors import DivergenceError
from glyphlens.tracks.arabic.training.glyph_training import GlyphTask
from glyphlens.training.batches import Batch
from tests.training.attempts import curve_bytes, state_steps
from tests.training.test_loop import Striped, held_out, run, settings

BAD = 8  # index of the first bad step, the ninth
EVERY_STEP = 1e-9  # minutes between states
PRECISIONS = ["bf16-mixed", "32-true"]


class Broken(Striped):
    """From one step on, the geometry of one sample is not finite."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        batch = super().batch(step, rank, world)
        if step >= BAD:
            batch.inputs[1][5, 0] = self.value
        return batch


class SteepTask(GlyphTask):
    """A finite loss whose gradient is not finite from one step on."""

    def loss(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        loss = super().loss(model, batch, step)
        return loss + torch.sqrt(loss - loss.detach()) if step >= BAD else loss


def all_finite(folder: Path) -> bool:
    """Whether every number of every state and of the best weights is one."""
    for file in folder.glob("*.ckpt"):
        content = torch.load(file, weights_only=False)
        for weights in (content["state_dict"], content.get("current_model_state", {})):
            if any(tensor.is_floating_point() and not tensor.isfinite().all() for tensor in weights.values()):
                return False
    return True


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_training(tmp_path: Path, precision: str, value: float) -> None:
    with pytest.raises(DivergenceError, match=r"test: step 9: the loss is nan .*learning rate of 0\.00\d+; .*`lr`"):
        run(tmp_path, source=Broken(value), minutes=EVERY_STEP, precision=precision)
    assert max(state_steps(tmp_path)) == BAD
    assert all_finite(tmp_path)
    assert not any(b"nan" in content.lower() for content in curve_bytes(tmp_path).values())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_gradient_that_is_not_finite_stops_the_training(tmp_path: Path, precision: str) -> None:
    params = settings(precision=precision)
    with pytest.raises(DivergenceError, match=r"step 9: the loss is \d+\.\d+ and the norm of its gradient nan"):
        run(tmp_path, task=SteepTask(params), minutes=EVERY_STEP, precision=precision)
    assert max(state_steps(tmp_path)) == BAD
    assert all_finite(tmp_path)


def test_a_resumed_training_says_it_again(tmp_path: Path) -> None:
    """It does not go on from broken weights, nor start again in silence."""
    for _ in range(2):
        with pytest.raises(DivergenceError, match="step 9: "):
            run(tmp_path, source=Broken(float("nan")))
        assert state_steps(tmp_path) == [6]
    run(tmp_path)
    assert (tmp_path / "finished.pt").is_file()


def test_a_training_that_explodes_keeps_no_broken_state(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError):
        run(tmp_path, minutes=EVERY_STEP, lr=1e30, precision="32-true", ema_decay=0.0)
    assert all_finite(tmp_path)


def test_a_validation_that_is_not_finite_stops_the_training(tmp_path: Path) -> None:
    broken = [batch._replace(inputs=(batch.inputs[0], batch.inputs[1] * torch.nan)) for batch in held_out()]
    with pytest.raises(DivergenceError, match="validation after step 6: val_loss is nan"):
        run(tmp_path, validation=broken)
    assert not list(tmp_path.glob("*.ckpt"))
