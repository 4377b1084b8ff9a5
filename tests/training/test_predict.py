"""Prediction: logits in the order of the batches, on the GPU where there is one, with the network back on the CPU."""

import numpy as np
import pytest
import torch
from torch import nn

from glyphlens.training.batches import Batch
from glyphlens.training.predict import predict_logits


def network() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def batches() -> list[Batch]:
    generator = torch.Generator().manual_seed(1)
    return [Batch((torch.randn(rows, 4, generator=generator),), torch.zeros(rows)) for rows in (5, 2)]


def test_logits_come_in_the_order_of_the_batches() -> None:
    model = network()
    expected = torch.cat([model(*batch.inputs) for batch in batches()]).detach().numpy()
    np.testing.assert_allclose(predict_logits(model, batches(), "test"), expected, atol=1e-5)
    assert model.weight.device.type == "cpu"


class Strict(nn.Linear):
    """Refuses to compute on the CPU."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        assert inputs.device.type == self.weight.device.type == "cuda"
        return super().forward(inputs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_computes_where_there_is_one() -> None:
    torch.manual_seed(0)
    model = Strict(4, 3)
    logits = predict_logits(model, batches(), "test")
    assert model.weight.device.type == "cpu"
    np.testing.assert_allclose(logits, predict_logits(network(), batches(), "test"), atol=1e-3)
