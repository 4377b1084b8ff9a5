"""A context network over a few classes and forged answers to fonts, small enough for milliseconds."""

from functools import cache
from pathlib import Path

import numpy as np
import onnx
import torch

from glyphlens.core.storage import save_json
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import MEASURED
from glyphlens.tracks.arabic.evaluation.context_scores import context_scores
from glyphlens.tracks.arabic.export.context_graph import context_graph, save_context
from glyphlens.tracks.arabic.font_context import ANSWERS, FontContext
from glyphlens.tracks.arabic.glyphs.class_relations import class_relations
from glyphlens.tracks.arabic.recognizers.whole_font import ContextConfig, ContextNetwork, facts_of
from glyphlens.tracks.arabic.training.context_answers import FontAnswers, save_answers

LETTERS = {"beh": 0x628, "teh_marbuta": 0x629, "teh": 0x62A, "theh": 0x62B, "jeem": 0x62C, "hah": 0x62D}
CLASSES = tuple(
    CharacterClass(f"{name}.{form}", (f"U+{code:04X}",), form)
    for name, code in LETTERS.items()
    for form in ("isol", "fina", "init", "medi")
)
C, K = len(CLASSES), 5


def forged_network(seed: int = 0, spread: float = 0.3) -> ContextNetwork:
    """Knows CLASSES; its corrections are random ones of about ``spread`` nats, or none."""
    torch.manual_seed(seed)
    network = ContextNetwork(ContextConfig(C, K, hidden=8, rounds=2, dropout=0.0))
    network.know(facts_of(class_relations(CLASSES)), torch.linspace(-2, 0, C))
    for correction in network.rounds:
        torch.nn.init.normal_(correction[-1].weight, std=spread)
    return network.eval()


@cache
def forged_graph(spread: float) -> onnx.ModelProto:
    """The graph of ``forged_network``; to trace one takes seconds."""
    return context_graph(forged_network(spread=spread))


def forged_probabilities(glyphs: int, seed: int = 0) -> np.ndarray:
    """(G, C) of glyphs that are the classes in their order, more or less."""
    rng = np.random.default_rng(seed)
    logits_GC = rng.standard_normal((glyphs, C))
    logits_GC[np.arange(glyphs), np.arange(glyphs) % C] += 3.5
    p_GC = np.exp(logits_GC)
    return (p_GC / p_GC.sum(1, keepdims=True)).astype(np.float32)


def forged_font(glyphs: int = 2 * C, seed: int = 0, family: str = "amiri", split: str = "val") -> FontAnswers:
    """The best answers to such glyphs; of every seventh the sample set does not know what it is."""
    p_GC = forged_probabilities(glyphs, seed)
    classes_GK = np.argsort(-p_GC, axis=1)[:, :K]
    known_G = np.arange(glyphs) % 7 > 0
    right_GK = (classes_GK == (np.arange(glyphs) % C)[:, None]) & known_G[:, None]
    return FontAnswers(
        family,
        split,
        classes_GK,
        np.take_along_axis(p_GC, classes_GK, 1),
        right_GK,
        known_G,
        np.zeros(glyphs, np.bool_),
    )


def save_forged_context(folder: Path, recognizer: Path, spread: float = 0.0) -> FontContext:
    """``folder`` as the stage leaves it, with the validation answers of two fonts."""
    network = forged_network(spread=spread)
    save_context(folder, forged_graph(spread), network, recognizer)
    context, fonts = FontContext.load(folder, threads=1), [forged_font(seed=1), forged_font(40, seed=2)]
    save_json(folder / MEASURED, {"validation": context_scores(context, fonts)})
    save_answers(folder / ANSWERS, fonts)
    return context
