"""Objectives: the class loss, what is learnt beside it, and a teacher's share."""

import torch
from torch import Tensor, nn

from glyphlens.training.batches import Batch
from glyphlens.training.objectives import ClassLoss, DistilledLoss

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
    torch.testing.assert_close(ClassLoss(0.1)(model, BATCH, 0), expected)


def test_what_is_learnt_beside_is_added() -> None:
    plain, learner = linear(1), linear(1, Learner)
    torch.testing.assert_close(ClassLoss(0.1)(learner, BATCH, 0), ClassLoss(0.1)(plain, BATCH, 0) + 5)


def test_a_teacher_who_agrees_adds_nothing() -> None:
    model = linear(1)
    taught = DistilledLoss(linear(1), 0.1, share=0.4, temperature=2.0)(model, BATCH, 0)
    torch.testing.assert_close(taught, 0.6 * ClassLoss(0.1)(model, BATCH, 0))


def test_distilling_moves_the_student_to_the_teacher_alone() -> None:
    teacher, student = linear(1), linear(2)
    before = [parameter.clone() for parameter in teacher.parameters()]
    optimizer = torch.optim.Adam(student.parameters(), lr=0.1)
    objective = DistilledLoss(teacher, 0.0, share=1.0, temperature=3.0)
    for step in range(200):
        optimizer.zero_grad()
        objective(student, BATCH, step).backward()
        optimizer.step()
    answers = [torch.softmax(model(*BATCH.inputs), dim=1) for model in (teacher, student)]
    torch.testing.assert_close(answers[0], answers[1], atol=0.03, rtol=0)
    assert all(torch.equal(old, new) for old, new in zip(before, teacher.parameters(), strict=True))
