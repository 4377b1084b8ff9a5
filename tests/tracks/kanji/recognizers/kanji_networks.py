"""Tiny kanji recognisers, a structure and inputs for their tests."""

import torch
from torch import Tensor, nn

from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.recognizers import cnn, hiercode, hybrid_rnn, radical_rnn, stroke_rnn, t2t_vit
from glyphlens.tracks.kanji.recognizers.registry import KnowsStructure

# 休 is 亻 and 木; 林 is 木 twice; the seventh class has more components than any network has slots
STRUCTURE = Structure(("亻", "口", "日", "木"), ((0, 3), (3, 3), (1,), (2,), (1, 2), (0, 1), (0, 1, 2, 3, 0, 1, 2)))
CLASSES = len(STRUCTURE.sequences)
COMPONENTS = len(STRUCTURE.components)
NAMES = ("cnn", "hybrid_rnn", "radical_rnn", "stroke_rnn", "hiercode", "t2t_vit")


def tiny(name: str) -> nn.Module:
    """The recogniser at a size that learns one batch in a few seconds, described, in training mode."""
    torch.manual_seed(0)
    widths, depths = (4, 8, 16), (0, 0, 1)
    networks = {
        "cnn": lambda: cnn.Network(cnn.Config(CLASSES, (8, 8, 16, 16, 32), (1, 2, 1, 1), dropout=0.0)),
        "hybrid_rnn": lambda: hybrid_rnn.Network(
            hybrid_rnn.Config(CLASSES, (4, 8, 16, 16), (0, 0, 1, 0), 16, 2, dropout=0.0)
        ),
        "radical_rnn": lambda: radical_rnn.Network(
            radical_rnn.Config(CLASSES, COMPONENTS, widths, depths, 3, 8, 16, dropout=0.0)
        ),
        "stroke_rnn": lambda: stroke_rnn.Network(stroke_rnn.Config(CLASSES, 16, 16, 2, dropout=0.0)),
        "hiercode": lambda: hiercode.Network(
            hiercode.Config(CLASSES, COMPONENTS, (8, 8, 16, 16, 32), (1, 2, 1, 1), 8, 4, 16, dropout=0.0)
        ),
        "t2t_vit": lambda: t2t_vit.Network(t2t_vit.Config(CLASSES, (8, 16), 32, 2, 2, 32, dropout=0.0)),
    }
    network: nn.Module = networks[name]()
    if isinstance(network, KnowsStructure):
        network.describe(STRUCTURE)
    return network


def example(network: nn.Module, count: int = 5) -> Tensor:
    """``count`` random inputs of the kind that the network reads."""
    generator = torch.Generator().manual_seed(1)
    if network.reads == "raster":
        blots = (torch.rand(count, 1, 8, 8, generator=generator) > 0.6).float()
        return blots.repeat_interleave(8, 2).repeat_interleave(8, 3)
    strokes_NSF = 2 * torch.rand(count, 24, 17, generator=generator) - 1
    present_NS = torch.arange(24) < 1 + torch.arange(count).unsqueeze(1) * 5 % 24
    strokes_NSF[:, :, -1] = 1
    return strokes_NSF * present_NS.unsqueeze(2)
