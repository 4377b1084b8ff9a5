"""Tasks: the class loss, what is learnt beside it, a teacher's share, and the scores of a validation."""

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from glyphlens.training.batches import Batch
from glyphlens.training.task import ClassTask, DistilledTask, Monitor, best_scores

BATCH = Batch((torch.randn(8, 4, generator=torch.Generator().manual_seed(0)),), torch.arange(8) % 3)


class Learner(nn.Linear):
    """A linear classifier with an auxiliary loss of 5."""

    def learn(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self(inputs), torch.tensor(5.0)


def linear(seed: int, kind: type[nn.Linear] = nn.Linear) -> nn.Linear:
    torch.manual_seed(seed)
    return kind(4, 3)


def test_class_loss_is_smoothed_cross_entropy() -> None:
    model = linear(1)
    expected = nn.functional.cross_entropy(model(*BATCH.inputs), BATCH.targets, label_smoothing=0.1)
    torch.testing.assert_close(ClassTask(0.1).loss(model, BATCH, 0), expected)


def test_what_is_learnt_beside_is_added() -> None:
    plain, learner = linear(1), linear(1, Learner)
    torch.testing.assert_close(ClassTask(0.1).loss(learner, BATCH, 0), ClassTask(0.1).loss(plain, BATCH, 0) + 5)


def test_a_teacher_who_agrees_adds_nothing() -> None:
    model = linear(1)
    taught = DistilledTask(linear(1), 0.1, share=0.4, temperature=2.0).loss(model, BATCH, 0)
    torch.testing.assert_close(taught, 0.6 * ClassTask(0.1).loss(model, BATCH, 0))


def test_distilling_moves_the_student_to_the_teacher_alone() -> None:
    teacher, student = linear(1), linear(2)
    before = [parameter.clone() for parameter in teacher.parameters()]
    optimizer = torch.optim.Adam(student.parameters(), lr=0.1)
    task = DistilledTask(teacher, 0.0, share=1.0, temperature=3.0)
    for step in range(200):
        optimizer.zero_grad()
        task.loss(student, BATCH, step).backward()
        optimizer.step()
    answers = [torch.softmax(model(*BATCH.inputs), dim=1) for model in (teacher, student)]
    torch.testing.assert_close(answers[0], answers[1], atol=0.03, rtol=0)
    assert all(torch.equal(old, new) for old, new in zip(before, teacher.parameters(), strict=True))


def test_scores_are_means_over_all_samples_of_a_validation() -> None:
    model, task = linear(1), ClassTask(0.1)
    metrics = task.metrics()
    for rows in (slice(0, 5), slice(5, 8)):  # unequal batches
        task.update(metrics, model, Batch((BATCH.inputs[0][rows],), BATCH.targets[rows]))
    logits = model(*BATCH.inputs)
    scores = {name: value.item() for name, value in metrics.compute().items()}
    assert scores["val_loss"] == pytest.approx(nn.functional.cross_entropy(logits, BATCH.targets).item())
    assert scores["val_top1"] == pytest.approx((logits.argmax(1) == BATCH.targets).float().mean().item())
    assert scores["val_top5"] == 1
    assert task.monitor.name in scores


def test_a_score_that_is_not_finite_stays_so() -> None:
    task = ClassTask(0.0)
    metrics = task.metrics()
    task.update(metrics, linear(1), BATCH._replace(inputs=(BATCH.inputs[0] * torch.nan,)))
    assert metrics.compute()["val_loss"].isnan()


def test_the_best_score_is_the_highest_or_the_lowest() -> None:
    rows = [(1, "val_cer", 0.4), (1, "val_top1", 0.4), (2, "val_cer", 0.1), (2, "val_top1", 0.1)]
    curves = pd.DataFrame(rows, columns=["step", "name", "value"])
    best = best_scores(curves, Monitor("val_cer", "min"), Monitor("val_top1", "max"))
    assert best == {"val_cer": 0.1, "val_top1": 0.4}
