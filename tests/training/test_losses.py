"""The margin losses against their papers' formulas, and the margin's warm-up."""

import math

import pytest
import torch

from glyphlens.training.losses import add_margin, classification_loss, warmed_margin

SCALE = 24.0


@pytest.fixture
def cosines() -> torch.Tensor:
    return torch.tensor([[0.9, 0.1, -0.3], [0.2, -0.5, 0.7]])


def test_no_margin_changes_nothing(cosines: torch.Tensor) -> None:
    logits = SCALE * cosines
    for kind in ("cosface", "arcface"):
        torch.testing.assert_close(add_margin(logits, torch.tensor([0, 2]), 0.0, kind, SCALE), logits)


def test_cosface_and_arcface_formulas(cosines: torch.Tensor) -> None:
    targets = torch.tensor([0, 1])
    cosface = add_margin(SCALE * cosines, targets, 0.15, "cosface", SCALE)
    arcface = add_margin(SCALE * cosines, targets, 0.15, "arcface", SCALE)
    assert cosface[0, 0].item() == pytest.approx(SCALE * (0.9 - 0.15), rel=1e-5)
    assert arcface[1, 1].item() == pytest.approx(SCALE * math.cos(math.acos(-0.5) + 0.15), rel=1e-5)
    for logits in (cosface, arcface):
        assert logits[0, 1].item() == pytest.approx(SCALE * 0.1)
        assert logits[1, 0].item() == pytest.approx(SCALE * 0.2)


def test_margin_makes_the_loss_larger(cosines: torch.Tensor) -> None:
    targets = torch.tensor([0, 2])
    logits = SCALE * cosines
    harder = add_margin(logits, targets, 0.2, "arcface", SCALE)
    assert classification_loss(harder, targets, 0.0) > classification_loss(logits, targets, 0.0)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.0), (10, 0.0), (15, 0.1), (20, 0.2), (99, 0.2)])
def test_margin_grows_between_the_shares(step: int, expected: float) -> None:
    assert warmed_margin(step, 100, 0.2, (0.1, 0.2)) == pytest.approx(expected)
