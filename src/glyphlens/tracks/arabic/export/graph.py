"""Phase 1 + phase 2 → one ONNX graph: raster and geometry in, temperature-scaled class logits out.

N rasters · F = 7 geometry numbers · C classes
"""

from dataclasses import dataclass

import onnx
import torch
from onnx import helper
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.export.onnx_parts import FLOAT, INT64, UINT8, Shape, join, make_piece
from glyphlens.export.temperature import temperature_piece
from glyphlens.export.tracing import trace_network
from glyphlens.nets.trunk import GEOMETRY_NUMBERS
from glyphlens.tracks.arabic.export.cell_network import choice_piece, logits_piece, unfold
from glyphlens.tracks.arabic.export.distinct import CELL_PIXELS, GRID, IMAGE_PX, cells_piece, grid_piece
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer


@dataclass(frozen=True)
class Networks:
    """The two trained parts as ONNX pieces: ``ink`` → ``cell_logits``, and ``grid``, ``geometry`` → ``raw_logits``.

    ``reads_bytes``: phase 1 takes the cells' bytes as they are (int8) instead of floats of the same values.
    """

    phase1: onnx.ModelProto
    phase2: onnx.ModelProto
    reads_bytes: bool = False

    @property
    def ids(self) -> int:
        """K + 1, the ids phase 1 can give."""
        return int(self.phase1.graph.output[0].type.tensor_type.shape.dim[1].dim_value)

    @property
    def classes(self) -> int:
        """C, the classes phase 2 can give."""
        return int(self.phase2.graph.output[0].type.tensor_type.shape.dim[1].dim_value)


def trace(phase1: nn.Module, phase2: nn.Module) -> Networks:
    """The float pieces of two trained networks; raises InputError where they do not fit together."""
    network = unfold(phase1)
    if not isinstance(phase2, GridRecognizer):
        raise InputError(f"phase 2 is a {type(phase2).__name__}, only a GridRecognizer can be exported")
    known = phase2.embedding.num_embeddings
    if network.output[1].size != known:
        raise InputError(
            f"phase 1 gives {network.output[1].size} ids, phase 2 knows {known}; train both on one codebook"
        )
    example = {"grid": torch.zeros(2, GRID, GRID, dtype=torch.int64), "geometry": torch.zeros(2, GEOMETRY_NUMBERS)}
    return Networks(logits_piece(network), trace_network("phase2", phase2, example))


def assemble(networks: Networks, *, distinct: bool = True) -> onnx.ModelProto:
    """The whole graph with temperature 1: ``raster`` uint8 (N, 128, 128) of 0..255 ink and ``geometry`` float32
    (N, 7) → ``logits`` float32 (N, C). The same networks give the same bytes."""
    between = [] if networks.reads_bytes else [_ink_piece()]
    pieces = [
        cells_piece(distinct=distinct),
        *between,
        networks.phase1,
        choice_piece(networks.ids),
        grid_piece(),
        networks.phase2,
        temperature_piece(networks.classes),
    ]
    return join(
        "glyphlens",
        pieces,
        {"raster": (UINT8, ["batch", IMAGE_PX, IMAGE_PX]), "geometry": (FLOAT, ["batch", GEOMETRY_NUMBERS])},
        {"logits": (FLOAT, ["batch", networks.classes])},
    )


def grid_graph(networks: Networks) -> onnx.ModelProto:
    """``raster`` → ``grid`` int64 (N, 16, 16): phase 1 alone, to feed and to judge phase 2."""
    between = [] if networks.reads_bytes else [_ink_piece()]
    return join(
        "grids",
        [cells_piece(), *between, networks.phase1, choice_piece(networks.ids), grid_piece()],
        {"raster": (UINT8, ["batch", IMAGE_PX, IMAGE_PX])},
        {"grid": (INT64, ["batch", GRID, GRID])},
    )


def _ink_piece() -> onnx.ModelProto:
    node = helper.make_node("Cast", ["cells"], ["ink"], to=FLOAT)
    shape: Shape = ["distinct", CELL_PIXELS]
    return make_piece("ink", [node], {"cells": (UINT8, shape)}, {"ink": (FLOAT, shape)}, {})
