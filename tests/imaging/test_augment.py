"""Augmentation: nothing asked, nothing changed; bounded; each picture its own way; the same seed, the same pictures."""

import pytest
import torch

from glyphlens.imaging.augment import AugmentParams, augment

NOTHING = {
    "rotate_deg": 0.0,
    "shear": 0.0,
    "zoom": 0.0,
    "stretch": 0.0,
    "shift_px": 0.0,
    "warp_px": 0.0,
    "warp_points": 4,
    "thickness": 0.0,
    "gamma": 0.0,
    "noise": 0.0,
}


def pictures() -> torch.Tensor:
    image = torch.zeros(3, 1, 64, 64)
    image[:, :, 20:24, 16:48] = 1.0  # a horizontal stroke
    return image


def changed(seed: int = 1, **amounts: float) -> torch.Tensor:
    params = AugmentParams.model_validate({**NOTHING, **amounts})
    return augment(pictures(), params, torch.Generator().manual_seed(seed))


def test_nothing_asked_changes_nothing() -> None:
    torch.testing.assert_close(changed(), pictures(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", [name for name in NOTHING if name != "warp_points"])
def test_every_amount_changes_each_picture_in_its_own_way(name: str) -> None:
    amount = {"rotate_deg": 20.0, "shift_px": 3.0, "warp_px": 3.0}.get(name, 0.3)
    # a pale picture, because powers leave 0 and 1 alone
    pale = augment(pictures() * 0.6, AugmentParams.model_validate({**NOTHING, name: amount}), torch.Generator())
    assert not torch.allclose(pale[0], pale[1], atol=1e-3)
    assert float(pale.min()) >= 0 and float(pale.max()) <= 1


def test_the_same_generator_gives_the_same_pictures() -> None:
    amounts = {"rotate_deg": 10.0, "warp_px": 2.0, "noise": 0.1, "thickness": 0.5}
    assert torch.equal(changed(seed=3, **amounts), changed(seed=3, **amounts))
    assert not torch.equal(changed(seed=3, **amounts), changed(seed=4, **amounts))


def test_a_turn_keeps_the_amount_of_ink() -> None:
    turned = changed(rotate_deg=15.0)
    assert turned.sum((1, 2, 3)) == pytest.approx(pictures().sum((1, 2, 3)), rel=0.03)


def test_thickness_goes_both_ways() -> None:
    ink = torch.cat([changed(seed=seed, thickness=1.0) for seed in range(8)]).sum((1, 2, 3))
    plain = float(pictures()[0].sum())
    assert float(ink.min()) < 0.8 * plain < 1.2 * plain < float(ink.max())
