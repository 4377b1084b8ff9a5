"""Batch normalisation folded into the convolutions before it, and taken out again.

In evaluation y = γ (conv(x) − μ) / √(σ² + ε) + β is a convolution of its own (Jacob et al. 2018, arXiv:1712.05877,
section 3.2). Trained in that form, a network computes in training exactly what its integer form will compute.
"""

import copy
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.fx import GraphModule, Node
from torch.nn.utils.fusion import fuse_conv_bn_eval

from glyphlens.core.errors import InputError

BATCH = torch.export.Dim("batch")


class Pair(NamedTuple):
    """Dotted names of a convolution and of the normalisation that alone reads it."""

    convolution: str
    normalisation: str


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
