"""A scan set made in code, and a model of lines that needs no file: nearest mean of the lines seen so far."""

import numpy as np
import pandas as pd

from glyphlens.core.storage import save_array
from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_sample_set
from glyphlens.tracks.scan_lines.samples.lines import standardized
from glyphlens.tracks.scan_lines.samples.scan_set import MISSING, ScanSet

LINES, SAMPLES, CLASSES = 12, 16, 4


def templates_CLS(seed=0):
    """Classes whose first quarter is the same, so that nothing can be known there."""
    templates = np.random.default_rng(seed).integers(0, 200, (CLASSES, LINES, SAMPLES))
    templates[:, : LINES // 4] = templates[0, : LINES // 4]
    return templates


def write_scans(folder, splits, seed=0, noise=60, scans=20):
    """A set with ``{split: groups}``, of each group ``scans`` scans; returns it opened."""
    rng, rows = np.random.default_rng(seed), []
    for split, groups in splits.items():
        rows += [(split, f"{split}{seed}-{group:02}", rng.integers(CLASSES)) for group in groups for _ in range(scans)]
    split, group, number = (np.array(column) for column in zip(*rows, strict=True))
    pixels = templates_CLS()[number] + rng.integers(0, noise, (len(rows), LINES, SAMPLES))
    index = pd.DataFrame(
        {
            "sample_id": np.arange(len(rows)),
            "class_index": number,
            "label": np.array(list("abcd"))[number],
            "group": group,
            "split": split,
            "source": "rendered",
        }
    )
    classes = [CharacterClass(label, (f"U+{ord(label):04X}",)) for label in "abcd"]
    save_sample_set(folder, pixels.clip(0, 255).astype(np.uint8), index, classes, ImageFormat(LINES, SAMPLES, 8))
    missing_NL = rng.random((len(rows), LINES)) < 0.02
    save_array(folder / MISSING, missing_NL)
    return ScanSet.open(folder)


class NearestMean:
    """Class probabilities after every line (or once) by the distance of the lines seen to templates."""

    def __init__(self, once=False, sharpness=0.5):
        self.once, self.sharpness = once, sharpness

    def probabilities(self, lines_NLS):
        templates = standardized(templates_CLS().astype(np.float32))
        missing_N1L = np.isnan(lines_NLS).any(axis=2)[:, None]
        distance_NCL = ((standardized(lines_NLS)[:, None] - templates) ** 2).sum(axis=3)
        score_NLC = -np.where(missing_N1L, 0, distance_NCL).cumsum(axis=2).swapaxes(1, 2) * self.sharpness
        powers = np.exp(score_NLC - score_NLC.max(axis=2, keepdims=True))
        found = (powers / powers.sum(axis=2, keepdims=True)).astype(np.float32)
        return found[:, -1:] if self.once else found
