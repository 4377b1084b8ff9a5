"""The context network as one ONNX file that takes and gives the probabilities of all classes, and what lies beside it.

G glyphs of one font · C classes · K best classes of each glyph
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from glyphlens.core.storage import save_json, save_text, sha256_file, writing
from glyphlens.export.tracing import trace_network
from glyphlens.inference.folder import ExportFolder
from glyphlens.tracks.arabic.font_context import CORRECTED, FACTS, FOLDER, MODEL, PROBABILITIES, SMALLEST
from glyphlens.tracks.arabic.recognizers.whole_font import ContextNetwork

EXAMPLE_GLYPHS = 20
NOTE = """
## Whole fonts

`{file}` reads the answers to all glyphs of a font together, in glyph order, and corrects them; `glyphlens identify`
uses it for whole fonts. Of the glyphs of the test families' fonts, {alone_top1:.2%} are named right each by itself
and {context_top1:.2%} in context, {shuffled_top1:.2%} with the glyphs shuffled. Of ten glyphs at a time it is
{subset_alone_top1:.2%} and {subset_top1:.2%}. SHA-256: `{digest}`.
"""


class WholeFont(nn.Module):
    """The K best classes of every glyph share out anew what they have together; all others keep their probability."""

    def __init__(self, network: ContextNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, probabilities_GC: Tensor) -> Tensor:
        """(G, C) → (G, C)."""
        p_GK, classes_GK = probabilities_GC.topk(self.network.config.candidates, dim=1)
        shares_GK = self.network(classes_GK, p_GK.clamp(min=SMALLEST).log()).softmax(1)
        return probabilities_GC.scatter(1, classes_GK, shares_GK * p_GK.sum(1, keepdim=True))


def context_graph(network: ContextNetwork) -> onnx.ModelProto:
    """``probabilities`` float32 (G, C), G ≥ 2 rows in glyph order → ``in_context`` float32 (G, C)."""
    rng = np.random.default_rng(0)
    example_GC = rng.dirichlet(np.ones(network.config.classes), EXAMPLE_GLYPHS).astype(np.float32)
    return trace_network("context", WholeFont(network), {PROBABILITIES: torch.from_numpy(example_GC)}, (CORRECTED,))


def save_context(folder: Path, graph: onnx.ModelProto, network: ContextNetwork, recognizer: Path) -> None:
    """Write the graph of a network, and its facts; ``recognizer`` is the file whose answers it corrects."""
    with writing(folder / MODEL) as partial:
        partial.write_bytes(graph.SerializeToString(deterministic=True))
    save_json(
        folder / FACTS,
        {
            "sha256": sha256_file(folder / MODEL),
            "recognizer": sha256_file(recognizer),
            "classes": network.config.classes,
            "temperature": round(float(network.temperature), 4),
        },
    )


def withdraw_context(folder: Path) -> None:
    """Delete a file that shall not be offered, and its facts."""
    for name in (MODEL, FACTS):
        (folder / name).unlink()


def release_context(folder: Path, release: Path, scores: Mapping[str, float]) -> None:
    """Put the file, where it is offered, into its place beside the released recogniser, with a part in the card;
    ``scores`` on the test fonts, as metrics/arabic/context.json has them."""
    if not (folder / MODEL).is_file():
        return
    target = release / FOLDER
    target.mkdir()
    for name in (MODEL, FACTS):
        shutil.copyfile(folder / name, target / name)
    card = ExportFolder(release).card
    text = NOTE.format(file=f"{FOLDER}/{MODEL}", digest=sha256_file(target / MODEL), **scores)
    save_text(card, card.read_text(encoding="utf-8") + text)
