"""Augmentation of lines: nothing asked, nothing changed; each scan its own way; what is lost is NaN and stays so."""

import pytest
import torch

from glyphlens.core.share import ALL_ROWS, Share
from glyphlens.tracks.scan_lines.samples.augment import LineAugmentParams, augment_lines

NOTHING = {
    "changed_share": 1.0,
    "noise": 0.0,
    "gain_drift": 0.0,
    "offset_drift": 0.0,
    "drop_share": 0.0,
    "flip_share": 0.0,
}


def scans(count: int = 6) -> torch.Tensor:
    lines = 255 * torch.rand((count, 16, 12), generator=torch.Generator().manual_seed(0))
    lines[:, 3] = torch.nan
    return lines


def changed(seed: int = 1, share: Share = ALL_ROWS, count: int = 6, **amounts: float) -> torch.Tensor:
    params = LineAugmentParams.model_validate({**NOTHING, **amounts})
    return augment_lines(scans(count)[share.own], params, torch.Generator().manual_seed(seed), share)


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.equal(one.nan_to_num(-1), other.nan_to_num(-1))


def test_nothing_asked_changes_nothing() -> None:
    assert same(changed(), scans())
    assert same(changed(changed_share=0.0, noise=0.5, gain_drift=1.0, offset_drift=1.0), scans())


@pytest.mark.parametrize("name", ["noise", "gain_drift", "offset_drift"])
def test_every_amount_changes_each_scan_in_its_own_way(name: str) -> None:
    difference = changed(**{name: 0.3}) - scans()
    assert torch.isnan(difference[:, 3]).all(), "what is missing stays missing"
    rest = torch.cat([difference[:, :3], difference[:, 4:]], dim=1)
    assert not torch.isnan(rest).any()
    assert all(not torch.allclose(rest[0], each, atol=0.1) for each in rest[1:])
    assert all(not torch.allclose(scan[0], scan[-1], atol=0.1) for scan in rest), "drift moves on from line to line"


def test_some_scans_stay_clean() -> None:
    found = changed(count=400, changed_share=0.25, noise=0.2)
    untouched = torch.tensor([same(one, other) for one, other in zip(found, scans(400), strict=True)])
    assert 0.65 < untouched.float().mean() < 0.85


def test_lost_lines_are_whole_and_as_many_as_asked_for() -> None:
    found = torch.isnan(changed(count=400, drop_share=0.2))
    assert torch.equal(found.any(dim=2), found.all(dim=2))
    assert found[:, 3].all() and 0.17 < found[:, 4:].float().mean() < 0.23
    assert not torch.equal(found[0], found[1])


def test_flipped_scans_begin_at_the_end_of_each_line() -> None:
    assert same(changed(flip_share=1.0), scans().flip(-1))
    found = changed(count=200, flip_share=0.5)
    mirrored = torch.tensor([same(one, other) for one, other in zip(found, scans(200).flip(-1), strict=True)])
    assert 0.4 < mirrored.float().mean() < 0.6


def test_drift_leaves_the_middle_of_a_line_and_is_bounded() -> None:
    flat = torch.zeros((50, 4, 11))
    params = LineAugmentParams.model_validate({**NOTHING, "offset_drift": 0.1})
    found = augment_lines(flat, params, torch.Generator().manual_seed(0))
    assert found[..., 5].abs().max() < 1e-5 and 15 < float(found.abs().max()) <= 25.5


def test_processes_together_make_the_same_batch() -> None:
    amounts = {"noise": 0.1, "gain_drift": 0.2, "offset_drift": 0.1, "drop_share": 0.1, "flip_share": 0.5}
    whole = changed(**amounts)
    for rank in range(3):
        assert same(changed(share=Share(rank, 3), **amounts), whole[rank::3])
    assert same(changed(**amounts), whole) and not same(changed(seed=2, **amounts), whole)
