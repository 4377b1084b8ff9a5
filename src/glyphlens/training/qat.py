"""Quantisation-aware training: a trained network goes on learning with its numbers rounded as they will be in int8.

The network is trained with its batch normalisation folded away, that is with the statistics that it has, and the ranges
of its activations stop moving for the last part of the steps: what is trained is what will be exported. In evaluation
y = γ (conv(x) − μ) / √(σ² + ε) + β is a convolution of its own (Jacob et al. 2018, arXiv:1712.05877, section 3.2).

N rows · H×W = 64×64 pixels · C classes
"""

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.fx import GraphModule, Node
from torch.nn.utils.fusion import fuse_conv_bn_eval

from glyphlens.core.errors import InputError
from glyphlens.training.params import TrainingParams

BATCH = torch.export.Dim("batch")


class QatParams(TrainingParams):
    """The section ``kanji_qat``: a short training with a small step.

    ``range_batches`` measure the activations before it, the last ``frozen_share`` of its steps leave their ranges
    alone, and ``reduce_range`` keeps weights to 7 bits, because processors without VNNI add U8S8 products in 16 bits
    that saturate.
    """

    range_batches: int = Field(ge=1)
    frozen_share: float = Field(ge=0, lt=1)
    reduce_range: bool

    @model_validator(mode="after")
    def _plain(self) -> "QatParams":
        if self.ema_decay or self.precision != "32-true":
            raise ValueError("rounding is learnt on the weights themselves in float32: ema_decay 0, precision 32-true")
        return self


class Pair(NamedTuple):
    """Dotted names of a convolution and of the normalisation that alone reads it."""

    convolution: str
    normalisation: str


class RoundedNetwork(nn.Module):
    """A network that computes in floats what its integer form computes; counts its training steps to freeze in time.

    ``network`` is a graph of torchao, which knows no training or evaluation and refuses to be told of them.
    """

    steps_seen: Tensor

    def __init__(self, network: GraphModule, frozen_from: int) -> None:
        super().__init__()
        self.network, self.frozen_from = network, frozen_from
        self.register_buffer("steps_seen", torch.tensor(0))

    def forward(self, raster_N1HW: Tensor) -> Tensor:
        """(N, 1, H, W) float of 0..1 → (N, C) logits."""
        # Asked every time: a checkpoint brings the answer of its own step, and Lightning changes ``training`` by hand.
        self._observe(self.training and int(self.steps_seen) < self.frozen_from)
        if self.training:
            self.steps_seen += 1
        logits_NC: Tensor = self.network(raster_N1HW)
        return logits_NC

    def train(self, mode: bool = True) -> "RoundedNetwork":
        """Ranges move in training only; nothing else depends on the mode."""
        self.training = mode
        return self

    def _observe(self, moving: bool) -> None:
        for module in self.network.modules():
            switch = getattr(module, "observer_enabled", None)
            if isinstance(switch, Tensor):
                switch.fill_(moving)


def prepare(network: nn.Module, rasters: Sequence[Tensor], params: QatParams) -> tuple[RoundedNetwork, list[Pair]]:
    """``network`` ready to be trained with rounded numbers, and what was folded in it; ``network`` is left alone.

    ``rasters`` are batches of training images (N, 1, H, W) of two or more, which give the activations' first ranges.
    """
    with quiet_torchao():
        from torchao.quantization.pt2e.quantize_pt2e import prepare_qat_pt2e

        from glyphlens.training.integer_points import IntegerPoints

        folded, pairs = fold(network, rasters[0])
        graph = prepare_qat_pt2e(trace(folded, rasters[0]), IntegerPoints(reduce_range=params.reduce_range))
    rounded = RoundedNetwork(graph, round((1 - params.frozen_share) * params.steps))
    with torch.no_grad():
        for batch in rasters:
            graph(batch)
    return rounded, pairs


def plain(rounded: RoundedNetwork, network: nn.Module, pairs: list[Pair]) -> nn.Module:
    """A network like ``network`` in floats, with the weights that were learnt under rounding."""
    return unfold(rounded.network, network, pairs)


@contextlib.contextmanager
def quiet_torchao() -> Iterator[None]:
    """torchao reports kernels for graphics cards that it cannot load, and torch what torchao will have to change."""
    loggers = [logging.getLogger(name) for name in ("torchao", "torch.utils._pytree")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


# ── batch normalisation folded into the convolutions before it, and taken out again ──────────
def trace(network: nn.Module, example: torch.Tensor) -> GraphModule:
    """The network in evaluation as a graph of aten operators, for any number of rows; ``example`` has at least two.

    The graph shares the network's parameters, under their names.
    """
    program = torch.export.export(network.eval(), (example,), dynamic_shapes=({0: BATCH},))
    graph = program.module(check_guards=False)
    if not isinstance(graph, GraphModule):
        raise TypeError(f"torch.export made a {type(graph).__name__} of {type(network).__name__}")
    return graph


def fold(network: nn.Module, example: torch.Tensor) -> tuple[nn.Module, list[Pair]]:
    """A copy of ``network`` whose convolutions do the work of the normalisations after them, and what was folded.

    Raises InputError for a normalisation that follows no convolution of its own: it would stay in floats.
    """
    folded = copy.deepcopy(network).eval()
    pairs = list(_pairs(trace(folded, example)))
    for pair in pairs:
        convolution = folded.get_submodule(pair.convolution)
        fused = fuse_conv_bn_eval(convolution, folded.get_submodule(pair.normalisation))  # type: ignore[arg-type,type-var]
        folded.set_submodule(pair.convolution, fused)
        folded.set_submodule(pair.normalisation, nn.Identity())
    return folded, pairs


@torch.no_grad()
def unfold(folded: nn.Module, network: nn.Module, pairs: list[Pair]) -> nn.Module:
    """A copy of ``network`` that computes what ``folded`` does: its normalisations only add a bias any more."""
    plain = copy.deepcopy(network).eval()
    tensors = plain.state_dict() | dict(folded.named_parameters())
    for convolution, normalisation in pairs:
        bias = tensors.pop(f"{convolution}.bias")
        if plain.get_submodule(convolution).bias is not None:
            tensors[f"{convolution}.bias"] = torch.zeros_like(bias)
        epsilon = float(plain.get_submodule(normalisation).eps)  # type: ignore[arg-type]
        tensors[f"{normalisation}.weight"] = torch.ones_like(bias)
        tensors[f"{normalisation}.bias"] = bias
        tensors[f"{normalisation}.running_mean"] = torch.zeros_like(bias)
        tensors[f"{normalisation}.running_var"] = torch.full_like(bias, 1 - epsilon)
    plain.load_state_dict(tensors)
    return plain


def _pairs(graph: GraphModule) -> Iterator[Pair]:
    """The convolution of every normalisation of the graph."""
    for node in graph.graph.nodes:
        if node.target is not torch.ops.aten.batch_norm.default:
            continue
        before, own = node.args[0], _module(node.args[1])
        if before.target is not torch.ops.aten.conv2d.default or len(before.users) > 1:
            raise InputError(f"{own}: follows '{before.name}', only a convolution of its own can take its work over")
        yield Pair(_module(before.args[1]), own)


def _module(weight: Node) -> str:
    return str(weight.target).rpartition(".")[0]
