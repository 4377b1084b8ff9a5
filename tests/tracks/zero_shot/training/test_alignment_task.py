"""The loss against a loop that spells it out, what validation counts, and a few characters learnt by heart."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.tracks.zero_shot.training.batches import AlignmentBatch, AlignmentBatches, held_out_candidates
from glyphlens.tracks.zero_shot.training.task import AlignmentTask, symmetric_loss
from tests.imaging.test_augment import NOTHING
from tests.tracks.zero_shot.aligned_networks import arrays, described, numbered_samples, tiny_network, training_params


def slowly(scores_NV: Tensor, classes: int) -> float:
    """Pictures n and n + ``classes`` are of class n, and so is description n."""
    scores = scores_NV.tolist()
    to_text = []
    for picture, row in enumerate(scores):
        to_text.append(math.log(sum(map(math.exp, row))) - row[picture % classes])
    to_picture = []
    for text in range(classes):
        own = (scores[text][text] + scores[text + classes][text]) / 2
        others = [row[text] for picture, row in enumerate(scores) if picture % classes != text]
        to_picture.append(math.log(math.exp(own) + sum(map(math.exp, others))) - own)
    return (sum(to_text) / len(to_text) + sum(to_picture) / len(to_picture)) / 2


@pytest.mark.parametrize(("classes", "further"), [(2, 0), (3, 4), (5, 1)])
def test_the_symmetric_loss_is_what_the_loop_says(classes: int, further: int) -> None:
    scores_NV = 3 * torch.randn(2 * classes, classes + further, generator=torch.Generator().manual_seed(classes))
    assert float(symmetric_loss(scores_NV, classes)) == pytest.approx(slowly(scores_NV, classes), rel=1e-5)


def test_pictures_of_one_class_are_no_negatives_of_one_another() -> None:
    """However near both pictures of each class are to their description, none pushes the other away."""
    near = 50 * torch.eye(3).repeat(2, 1)
    assert float(symmetric_loss(near, 3)) == pytest.approx(0, abs=1e-6)
    gradient = torch.autograd.functional.jacobian(lambda scores: symmetric_loss(scores, 3), torch.zeros(6, 3))
    own = gradient[torch.arange(6), torch.arange(3).repeat(2)]
    assert (own < 0).all() and torch.allclose(own[:3], own[3:])


def test_validation_counts_what_is_nearest() -> None:
    network = tiny_network().eval()
    task = AlignmentTask(training_params())
    images_N1HW, candidates = torch.rand(6, 1, 64, 64), described(8)
    with torch.no_grad():
        nearest_N = (network(images_N1HW) @ network.describe(*candidates).T).argmax(dim=1)
        metrics = task.metrics()
        targets_N = nearest_N.clone()
        targets_N[:2] = (targets_N[:2] + 1) % 8
        for rows in (slice(0, 4), slice(4, 6)):  # batches of different sizes weigh by their rows
            task.update(metrics, network, AlignmentBatch(images_N1HW[rows], candidates, targets_N[rows]))
    found = {name: float(value) for name, value in metrics.compute().items()}
    assert found["val_unseen_top1"] == pytest.approx(4 / 6)
    assert 4 / 6 - 1e-6 <= found["val_unseen_top5"] <= 1 and math.isfinite(found["val_loss"])


def test_without_descriptions_validation_asks_templates() -> None:
    network, candidates = tiny_network().eval(), described(6)
    templates_V1HW = torch.rand(6, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    targets_N = torch.arange(6)
    task = AlignmentTask(training_params(preset="none"))
    with torch.no_grad():
        metrics = task.metrics()
        task.update(metrics, network, AlignmentBatch(templates_V1HW, candidates, targets_N, templates_V1HW))
    assert metrics.compute()["val_unseen_top1"] == 1


def test_a_few_characters_are_learnt_by_heart(tmp_path: Path) -> None:
    """Pictures that never move: soon each is named by the description of its class."""
    classes = 8
    rows = {"train": dict.fromkeys(range(classes), 2), "val": dict.fromkeys(range(classes), 1)}
    samples = numbered_samples(tmp_path, rows, classes)
    blocks = np.random.default_rng(0).random((classes, 8, 8)) > 0.6
    shapes = (255 * blocks.repeat(8, 1).repeat(8, 2)).astype(np.uint8)
    save_array(tmp_path / "pixels.npy", shapes[samples.class_indices])
    samples, seen, known = SampleSet.open(tmp_path), range(classes), arrays(classes)
    params = training_params(batch=2 * classes, described=0, unknown=0.0, augment=NOTHING)
    source, task, network = (
        AlignmentBatches(samples, seen, known, params, 0),
        AlignmentTask(params),
        tiny_network(classes),
    )
    optimizer, losses = torch.optim.AdamW(network.parameters(), lr=0.01), []
    for step in range(40):
        optimizer.zero_grad()
        loss = task.loss(network, source.batch(step), step)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    metrics = task.metrics()
    with torch.inference_mode():
        for batch in held_out_candidates(samples, seen, known):
            task.update(metrics, network, batch)
    assert losses[-1] < 0.5 * losses[0]
    assert metrics.compute()["val_unseen_top1"] > 0.85
