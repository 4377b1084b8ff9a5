"""A step's batch is a function of seed and step; each of its classes has two hands; validation asks for the unseen."""

from pathlib import Path

import numpy as np
import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.zero_shot.training.batches import (
    HELD_OUT_ROWS,
    AlignmentBatch,
    AlignmentBatches,
    class_chances,
    held_out_candidates,
)
from tests.tracks.zero_shot.aligned_networks import arrays, numbered_samples, training_params

CLASSES = 12
SEEN = [0, 1, 3, 4, 6, 7, 9]
UNSEEN = [2, 5]
STILL = {
    "rotate_deg": 0.0, "shear": 0.0, "zoom": 0.0, "stretch": 0.0, "shift_px": 0.0, "warp_px": 0.0, "warp_points": 5,
    "thickness": 0.0, "gamma": 0.0, "noise": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    hands = {
        "train": {number: 2 + place for place, number in enumerate(SEEN)},
        "val": {1: 3, 2: 4, 5: 2, 9: 1},
        "test": {10: 2},
    }
    return numbered_samples(tmp_path_factory.mktemp("numbered"), hands, CLASSES)


def batches(samples: SampleSet, seed: int = 0, **changes: object) -> AlignmentBatches:
    return AlignmentBatches(samples, SEEN, arrays(CLASSES), training_params(**changes), seed)


def tensors(batch: AlignmentBatch) -> list[torch.Tensor]:
    return [batch.images_N1HW, *batch.described, batch.targets_N]


def equal(first: AlignmentBatch, second: AlignmentBatch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(tensors(first), tensors(second), strict=True))


def rows_of(batch: AlignmentBatch) -> list[int]:
    """Which rows the pictures of a batch without augmentation are."""
    return [round(255 * float(picture.mean())) for picture in batch.images_N1HW]


def test_a_batch_is_a_function_of_seed_and_step(samples: SampleSet) -> None:
    first, again = batches(samples), batches(samples)
    again.batch(5)  # what was asked before does not matter
    assert equal(first.batch(3), again.batch(3))
    assert not equal(first.batch(3), first.batch(4))
    assert not equal(first.batch(3), batches(samples, seed=1).batch(3))


def test_shares_of_two_processes_are_the_whole_batch(samples: SampleSet) -> None:
    source = batches(samples, unknown=0.5)
    for step in range(4):
        whole = source.batch(step)
        shares = [source.batch(step, rank, 2) for rank in range(2)]
        for rank, share in enumerate(shares):
            hands = [torch.cat([values[:4][rank::2], values[4:8][rank::2]]) for values in (whole[0], whole[2])]
            torch.testing.assert_close(share.images_N1HW, hands[0], rtol=0, atol=1e-6)
            assert torch.equal(share.targets_N, hands[1])
            for own, of_all in zip(share.described, whole.described, strict=True):
                assert torch.equal(own, torch.cat([of_all[:4][rank::2], of_all[4:]]))


def test_a_class_is_there_once_with_two_rows_of_its_own(samples: SampleSet) -> None:
    source = batches(samples, augment=STILL)
    drawn = set()
    for step in range(30):
        batch = source.batch(step)
        rows, targets = rows_of(batch), batch.targets_N.tolist()
        assert targets[:4] == targets[4:] and len(set(targets[:4])) == 4
        assert len(set(rows)) == 8
        assert samples.class_indices[rows].tolist() == [SEEN[target] for target in targets]
        assert set(samples.index["split"].iloc[rows]) == {"train"}
        drawn |= set(rows)
    assert drawn == set(samples.rows("train"))


def test_descriptions_are_those_of_the_pictures_and_then_of_other_classes(samples: SampleSet) -> None:
    described = arrays(CLASSES)
    batch = batches(samples, unknown=0.0).batch(0)
    assert len(batch.described.types_NS) == 4 + 2
    own = np.array(SEEN)[batch.targets_N[:4]]
    assert np.array_equal(batch.described.types_NS[:4], described.stroke_types_NS[own])
    assert np.array_equal(batch.described.names_NK[:4], described.component_ids_NK[own])
    points = {described.stroke_points_NSP2[number].tobytes() for number in SEEN}
    found = [row.numpy().tobytes() for row in batch.described.points_NSP2]
    assert len(set(found)) == 6 and set(found) <= points


def test_components_are_hidden_only_where_there_are_some(samples: SampleSet) -> None:
    hidden = total = 0
    none, some = (batches(samples, unknown=share, augment=STILL) for share in (0.0, 0.4))
    for step in range(20):
        plain, found = none.batch(step).described.names_NK, some.batch(step).described.names_NK
        changed = found != plain
        assert (found[changed] == 1).all() and (plain[changed] > 1).all()
        hidden, total = hidden + int(changed.sum()), total + int((plain > 1).sum())
    assert 0.3 < hidden / total < 0.5


def test_a_class_with_one_training_picture_is_named(tmp_path: Path) -> None:
    samples = numbered_samples(tmp_path, {"train": {0: 2, 1: 1, 2: 3, 3: 2}}, 5)
    with pytest.raises(InputError, match="'01' is to be learnt and has fewer than 2 training pictures"):
        AlignmentBatches(samples, [0, 1, 2, 3], arrays(5), training_params(batch=4, described=0), 0)


def test_a_training_row_of_a_class_that_is_not_learnt_is_named(samples: SampleSet) -> None:
    without_6 = [number for number in SEEN if number != 6]
    with pytest.raises(InputError, match=r"6 training rows are of characters that are not to be learnt.*of '06'"):
        AlignmentBatches(samples, without_6, arrays(CLASSES), training_params(described=0), 0)


def test_the_order_of_the_seen_classes_does_not_matter(samples: SampleSet) -> None:
    turned = AlignmentBatches(samples, SEEN[::-1], arrays(CLASSES), training_params(), 0)
    assert equal(turned.batch(2), batches(samples).batch(2))


def test_more_classes_a_step_than_there_are_is_refused(samples: SampleSet) -> None:
    assert batches(samples, described=3).batch(0).described.types_NS.shape[0] == 7
    with pytest.raises(InputError, match=r"zero_shot_training: 4 \+ 4 classes a step need as many seen ones, found 7"):
        batches(samples, described=4)


def test_validation_asks_for_the_unseen_among_all_that_it_draws(samples: SampleSet) -> None:
    held_out = held_out_candidates(samples, UNSEEN, arrays(CLASSES))
    assert len(held_out) == 1
    (batch,) = held_out
    candidates = [1, 2, 5, 9]
    assert np.array_equal(batch.described.types_NS, arrays(CLASSES).stroke_types_NS[candidates])
    rows = rows_of(batch)
    assert len(rows) == len(set(rows)) == 4 + 2 < HELD_OUT_ROWS
    assert samples.class_indices[rows].tolist() == [candidates[target] for target in batch.targets_N]
    assert set(samples.class_indices[rows]) == set(UNSEEN)


def test_a_class_is_drawn_by_its_rarest_component() -> None:
    ids_YK = np.array([[2, 3, 0], [2, 0, 0], [2, 3, 4], [2, 2, 5], [2, 5, 3]])  # 2 in 5 classes, 3 in 3, 5 in 2, 4 in 1
    weights_Y = np.array([1 / 3, 1 / 5, 1, 1 / 2, 1 / 2])
    np.testing.assert_allclose(class_chances(ids_YK, 1.0), weights_Y / weights_Y.sum())
    np.testing.assert_allclose(class_chances(ids_YK, 0.0), 1 / 5)


def test_rarity_changes_what_is_drawn_and_nothing_where_it_is_off(samples: SampleSet) -> None:
    described = arrays(CLASSES)
    described.component_ids_NK[SEEN] = 2
    described.component_ids_NK[9, 1] = 8
    drawn = {}
    for rarity in (0.0, 3.0):
        source = AlignmentBatches(samples, SEEN, described, training_params(described=0, rarity=rarity), 0)
        drawn[rarity] = sum(SEEN.index(9) in source.batch(step).targets_N.tolist() for step in range(60))
    assert drawn[0.0] < 48 < 57 < drawn[3.0]
    off = AlignmentBatches(samples, SEEN, described, training_params(rarity=0.0), 0)
    assert off.chances_Y is None


def test_where_no_description_is_learnt_validation_brings_a_template_of_each_candidate(samples: SampleSet) -> None:
    templates_CTHW = np.zeros((CLASSES, 2, 64, 64), np.uint8)
    templates_CTHW[:, 0] = np.arange(CLASSES)[:, None, None]
    save_array(samples.folder / "templates.npy", templates_CTHW)
    (batch,) = held_out_candidates(samples, UNSEEN, arrays(CLASSES), by_templates=True)
    assert batch.templates_V1HW is not None and batch.templates_V1HW.shape == (4, 1, 64, 64)
    assert [round(255 * float(picture.mean())) for picture in batch.templates_V1HW] == [1, 2, 5, 9]
    (plain,) = held_out_candidates(samples, UNSEEN, arrays(CLASSES))
    assert plain.templates_V1HW is None


def test_validation_without_an_unseen_class_is_refused(samples: SampleSet) -> None:
    with pytest.raises(InputError, match="no validation picture of a class that is not trained on"):
        held_out_candidates(samples, [0, 3], arrays(CLASSES))
