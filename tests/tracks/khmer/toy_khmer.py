"""Lines of six bases, one subscript and one vowel, drawn as digits above one another; small networks that read them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from ruamel.yaml import YAML

from glyphlens.data.sample_set import ANY_WIDTH, Charset, ImageFormat, SampleSet, lay_end_to_end, save_sample_set
from glyphlens.data.tokens import TokenTable
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.tracks.khmer.recognizers import attention, ctc
from glyphlens.tracks.khmer.training.khmer_tokens import part_matrix, token_table
from glyphlens.tracks.khmer.training.line_batches import KhmerTrainingParams
from tests.checkout import ROOT
from tests.training.toy_lines import digit

BASES, BELOW, VOWEL = "កខគឃងច", "\u17d2រ", "\u17b6"
CHARSET = Charset("".join(sorted({*BASES, *BELOW, VOWEL})))
HEIGHT_PX, PITCH_PX = 48, 16
SPLITS = {"train": 60, "val": 12, "test": 8}
TINY: dict[str, Any] = {"widths": (8, 12, 16, 24), "depths": (0, 0, 0, 0), "blocks": 1, "hidden": 24, "layers": 1}
LITTLE = {
    "tokens": "cluster",
    "batch": 8,
    "line_px": 128,
    "buckets": 2,
    "min_count": 2,
    "held_out_rows": 12,
    "precision": "32-true",
}


def drawn_cluster(cluster: str) -> np.ndarray:
    """(48, 16 or 26) uint8: the base as a digit, the subscript as a 7 below it, the vowel as a 1 to its right."""
    picture = np.zeros((HEIGHT_PX, PITCH_PX), np.uint8)
    picture[8:28, 2:14] = digit(BASES.index(cluster[0])).repeat(2, 0).repeat(2, 1)
    if BELOW in cluster:
        picture[32:42, 4:10] = digit(7)
    if not cluster.endswith(VOWEL):
        return picture
    right = np.zeros((HEIGHT_PX, 10), np.uint8)
    right[8:28, 1:7] = digit(1).repeat(2, 0)
    return np.concatenate([picture, right], axis=1)


def drawn_line(text: str) -> np.ndarray:
    """(48, w) uint8."""
    return np.concatenate([drawn_cluster(cluster) for cluster in clusters(text)], axis=1)


def toy_text(rng: np.random.Generator) -> str:
    """One to six clusters, canonical."""
    marks = ("", "", BELOW, VOWEL, BELOW + VOWEL)
    picked = [rng.choice(list(BASES)) + marks[rng.integers(len(marks))] for _ in range(rng.integers(1, 7))]
    return canonical("".join(picked))


def save_toy_khmer(folder: Path) -> SampleSet:
    """Lines of all three splits, half of them clean."""
    rng, rows, images = np.random.default_rng(7), [], []
    for split, count in SPLITS.items():
        for number in range(count):
            text = toy_text(rng)
            images.append(drawn_line(text))
            facts = {"slice": "clean" if number % 2 else "scan", "clusters": len(clusters(text)), "style": "plain"}
            rows.append(
                {"sample_id": len(rows), "text": text, "group": split, "split": split, "source": "rendered"} | facts
            )
    pixels, offsets = lay_end_to_end(images)
    save_sample_set(folder, pixels, pd.DataFrame(rows), CHARSET, ImageFormat(HEIGHT_PX, ANY_WIDTH, 8), offsets)
    return SampleSet.open(folder)


def shipped_params() -> dict[str, Any]:
    """All of params.yaml."""
    content: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return content


def toy_params(**changes: Any) -> KhmerTrainingParams:
    """The shipped parameters, for few lines."""
    return KhmerTrainingParams.model_validate(shipped_params()["khmer_training"] | LITTLE | changes)


def toy_tokens(samples: SampleSet) -> TokenTable:
    """Of the training texts."""
    return token_table(CHARSET, [samples.texts[row] for row in samples.rows("train")], "cluster", 2)


def tiny_ctc(tokens: TokenTable) -> ctc.Network:
    """As it starts, its tokens' parts noted."""
    torch.manual_seed(0)
    parts = torch.from_numpy(part_matrix(tokens))
    network = ctc.Network(ctc.Config(len(tokens), parts.shape[1], **TINY, dropout=0.0))
    network.scores.parts_KP.copy_(parts)
    return network


def tiny_attention(tokens: TokenTable) -> attention.Network:
    """Likewise."""
    torch.manual_seed(0)
    parts = torch.from_numpy(part_matrix(tokens))
    network = attention.Network(attention.Config(len(tokens), parts.shape[1], **TINY, dropout=0.0))
    network.scores.parts_KP.copy_(parts)
    return network
