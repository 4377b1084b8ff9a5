"""A preset sets the widths of all levels at once, or takes the descriptions away; ``own`` changes nothing."""

import pytest
import torch
from pydantic import ValidationError

from glyphlens.tracks.zero_shot.recognizers.aligned import Config, Network
from tests.tracks.zero_shot.aligned_networks import TINY, described, training_params


@pytest.mark.parametrize(("preset", "widths"), [("lite", (64, 128, 256)), ("balanced", (128, 256, 512))])
def test_a_preset_has_the_widths_of_its_levels(preset: str, widths: tuple[int, int, int]) -> None:
    params = training_params(preset=preset)
    network = Network(Config(3, 6, 9, **params.network.model_dump())).eval()
    with torch.no_grad():
        levels = network.image(torch.rand(2, 1, 64, 64)), network.text(*described(2))
    for tower in levels:
        assert tuple(level.shape[1] for level in tower) == (64 * widths[0], 16 * widths[1], widths[2])
    assert params.losses.text == 1


def test_own_and_none_keep_the_sizes_and_none_has_no_text() -> None:
    own, none = training_params(preset="own"), training_params(preset="none")
    assert own.network == none.network and own.network.stroke == TINY["stroke"]
    assert (own.losses.text, none.losses.text) == (1, 0)
    assert none.losses.pictures == own.losses.pictures


def test_the_largest_preset_doubles_the_middle_one() -> None:
    full, balanced = (training_params(preset=name).network for name in ("full", "balanced"))
    assert (full.stroke, full.radical, full.character) == (256, 512, 1024)
    assert full.widths == tuple(2 * width for width in balanced.widths)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValidationError, match="preset"):
        training_params(preset="huge")
