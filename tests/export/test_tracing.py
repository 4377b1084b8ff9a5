"""Networks traced without torch's detours: the same graph, and any number of steps where any is wanted."""

import contextlib

import pytest
import torch
from torch import Tensor, nn
from torch._decomp import decompositions

from glyphlens.export import tracing
from glyphlens.export.tracing import trace_network

STEPS = 3


class Recurrent(nn.Module):
    """One layer of two directions, and all that it leaves."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = kind(4, 5, batch_first=True, bidirectional=True)

    def forward(self, steps_NTD: Tensor) -> tuple[Tensor, Tensor]:
        read_NTD, left = self.layer(steps_NTD)
        return read_NTD, (left[0] if isinstance(left, tuple) else left).transpose(0, 1)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_the_graph_is_that_of_a_layer_computed_step_by_step(
    kind: type[nn.RNNBase], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = decompositions._rnn_helper
    traced = [trace_network("whole", Recurrent(kind), {"steps": torch.zeros(2, STEPS, 4)}, ("read", "left"))]
    assert decompositions._rnn_helper is own, "torch is left as it was"
    monkeypatch.setattr(tracing, "_quick_exporter", contextlib.nullcontext)
    traced.append(trace_network("whole", Recurrent(kind), {"steps": torch.zeros(2, STEPS, 4)}, ("read", "left")))
    assert traced[0].SerializeToString() == traced[1].SerializeToString()


def test_any_number_of_steps_stays_any_number() -> None:
    example = {"steps": torch.zeros(2, STEPS, 4)}
    piece = trace_network("any", Recurrent(nn.GRU), example, ("read", "left"), any_length={"steps": [1]})
    shapes = [
        [axis.dim_param or axis.dim_value for axis in each.type.tensor_type.shape.dim] for each in piece.graph.output
    ]
    assert shapes[0][0] == "batch" and isinstance(shapes[0][1], str) and shapes[0][2] == 10
    assert shapes[1] == ["batch", 2, 5]


def test_translations_are_read_again_where_operators_were_added() -> None:
    """A library's are known to torch from when it is imported: a rounded network is traced after others too."""
    parsed = []
    with torch.library._scoped_library("known_later", "DEF") as library:
        for name in ("first", "second", "third"):
            if name == "third":
                library.define("thing(Tensor x) -> Tensor")
            trace_network(name, nn.Linear(4, 3), {"steps": torch.zeros(2, STEPS, 4)})
            parsed.append(tracing._translations.cache_info().misses)
    assert parsed[1] == parsed[0] and parsed[2] == parsed[0] + 1
