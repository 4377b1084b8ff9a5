"""Weights that trainings begin with: what does not fit or cannot be read is named, and steps add up."""

from pathlib import Path

import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json
from glyphlens.training.start import WEIGHTS, load_start_weights, steps_before, strange_tensor


def test_the_first_tensor_that_differs_is_named() -> None:
    own = {"a": torch.zeros(2), "b": torch.zeros(3, 2)}
    assert strange_tensor({name: tensor.half() for name, tensor in own.items()}, own) == ""
    assert strange_tensor({**own, "b": torch.zeros(2, 3)}, own) == "b is (2, 3), here (3, 2)"
    assert strange_tensor(own, {"b": own["b"]}) == "a is (2,), here absent"
    assert strange_tensor({"b": own["b"]}, own) == "a is absent, here (2,)"


def test_steps_add_up(tmp_path: Path) -> None:
    assert steps_before(None) == 0
    save_json(tmp_path / "training.json", {"steps": 400})
    assert steps_before(tmp_path) == 400
    save_json(tmp_path / "training.json", {"steps": 400, "steps_before": 20000})
    assert steps_before(tmp_path) == 20400


def test_weights_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=WEIGHTS):
        load_start_weights(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"no tensors")
    with pytest.raises(InputError, match=rf"{WEIGHTS}: not readable weights"):
        load_start_weights(tmp_path)
