"""What the recogniser makes of glyphs that are not of Arabic script: those it knows, and those it is to refuse.

How known a glyph is, is 1 less the probability of the class ``other``. The threshold below which a glyph is refused is
chosen on the validation families, so that the given share of the glyphs that are known there stays.

N glyphs · C classes
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from glyphlens.core.storage import save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.charts import PERCENT, new_figure
from glyphlens.evaluation.report import save_tables_csv
from glyphlens.evaluation.scores import true_ranks
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference.folder import ExportFolder
from glyphlens.sources.companion_scripts import OTHER, SCRIPTS, script_of_label
from glyphlens.tracks.arabic.evaluation.occlusion import Reader
from glyphlens.tracks.arabic.evaluation.outcomes import TOP, read_rows
from glyphlens.tracks.arabic.glyphs.other_glyphs import kind_of_name
from glyphlens.tracks.arabic.glyphs.parts import COMPANIONS, REFUSED, parts_of
from glyphlens.tracks.arabic.refusal import KNOWN_THRESHOLD

CURVE_POINTS = 101
NOTE = """
## Beside Arabic script

Latin, Greek, Cyrillic and Hebrew letters, European digits and common signs are classes too. On the test families the
right one comes first for {companions_top1:.1%} of them ({scripts}). `glyphlens identify` answers everything else with
`other`: where its probability exceeds 1 − {known_threshold:.4f}, the `known_threshold` of `labels.json`,
{known_kept:.1%} of the known test glyphs stay and {refused_fpr:.1%} of CJK, Hangul, Khmer, icons and .notdef are taken
for known (AUROC {refused_auroc:.4f}).
"""
DIGITS = 4


class CompanionResults(NamedTuple):
    """``metrics`` by name; ``scripts``: script, samples, classes, top1, top5; ``kinds``: kind, samples, auroc and the
    share above the threshold; ``curve``: kept (share of the known glyphs), and of each kind the share that is taken for
    known with them.
    """

    metrics: dict[str, float]
    scripts: pd.DataFrame
    kinds: pd.DataFrame
    curve: pd.DataFrame


def companion_results(reader: Reader, samples: SampleSet, known_kept: float) -> CompanionResults | None:
    """Scores on the test families; None where the classes or the test have nothing but Arabic script."""
    if not any(script_of_label(entry.label) for entry in samples.classes):
        return None
    val, test = (_read(reader, samples, split) for split in ("val", "test"))
    beside, refused = test[test["part"] == COMPANIONS], test[test["part"] == REFUSED]
    if beside.empty or refused.empty or val.empty:
        return None
    scripts = _scripts(beside)
    known_val = val.loc[val["part"] != REFUSED, "known"]
    threshold = float(np.floor(np.quantile(known_val, 1 - known_kept, method="lower") * 10**DIGITS) / 10**DIGITS)
    known = test.loc[test["part"] != REFUSED, "known"].to_numpy()
    kinds = _kinds(refused, known, threshold)
    metrics = {
        "companions_top1": float((beside["rank"] == 0).mean()),
        "companions_top5": float((beside["rank"] < TOP).mean()),
        "known_kept": float((known >= threshold).mean()),
        "refused_fpr": float((refused["known"] >= threshold).mean()),
        "refused_auroc": auroc(known, refused["known"].to_numpy()),
        "known_threshold": threshold,
    }
    return CompanionResults(metrics, scripts, kinds, _curve(known, refused))


def release_companions(release: Path, results: CompanionResults) -> None:
    """The threshold in the label map of the released recogniser, and a part in its card."""
    released = ExportFolder(release)
    threshold = results.metrics["known_threshold"]
    released.save_preparation({**released.manifest.preparation, KNOWN_THRESHOLD: threshold})
    card = released.card
    scripts = ", ".join(f"{row.script} {row.top1:.1%}" for row in results.scripts.itertuples())
    save_text(card, card.read_text(encoding="utf-8") + NOTE.format(scripts=scripts, **results.metrics))


def auroc(known: NDArray[np.floating], refused: NDArray[np.floating]) -> float:
    """The chance that a known glyph looks more known than one to be refused; ties count half.

    >>> auroc(np.array([0.9, 0.8]), np.array([0.1, 0.8]))
    0.875
    """
    ranks = rankdata(np.concatenate([known, refused]))[: len(known)]
    return float((ranks.sum() - len(known) * (len(known) + 1) / 2) / (len(known) * len(refused)))


def save_companions(folder: Path, results: CompanionResults) -> None:
    """Both tables and the curve as CSV, and the curve as ``refusal.png``."""
    tables = {"scripts": results.scripts, "refused": results.kinds, "refusal": results.curve}
    save_tables_csv(folder, tables)
    plot_refusal(folder / "refusal.png", results.curve)


def plot_refusal(path: Path, curve: pd.DataFrame) -> None:
    """Of each kind, what is taken for known against the share of the known glyphs that stays."""
    with new_figure(path, 10, 3.6) as figure:
        axes = figure.subplots()
        for kind in curve.columns.drop("kept"):
            axes.plot(curve["kept"], curve[kind], label=kind)
        axes.set_xlabel("known glyphs that stay")
        axes.set_ylabel("others taken for known")
        axes.set_xlim(0.8, 1.0)
        axes.xaxis.set_major_formatter(PERCENT)
        axes.yaxis.set_major_formatter(PERCENT)
        axes.grid(axis="both")
        figure.legend(loc="outside upper left", ncols=len(curve.columns) - 1)


def _read(reader: Reader, samples: SampleSet, split: str) -> pd.DataFrame:
    """Of each glyph of a split: part, script, kind, class_index, rank of the right class, and how known it is."""
    rows = samples.rows(split)
    index = samples.index.loc[rows]
    probabilities_NC = read_rows(reader, samples, rows, geometry_features(index), f"{split}: beside Arabic")
    labels = [entry.label for entry in samples.classes]
    other_N = probabilities_NC[:, labels.index(OTHER)] if OTHER in labels else np.zeros(len(rows), np.float32)
    return pd.DataFrame(
        {
            "part": parts_of(index["char_class"]),
            "script": index["char_class"].to_numpy(),
            "kind": [kind_of_name(name) for name in index["alt_label"]],
            "class_index": samples.class_indices[rows],
            "rank": true_ranks(probabilities_NC, samples.class_indices[rows]),
            "known": 1 - other_N.astype(np.float64),
        }
    )


def _scripts(table: pd.DataFrame) -> pd.DataFrame:
    marked = table.assign(top1=table["rank"] == 0, top5=table["rank"] < TOP)
    found = marked.groupby("script").agg(
        samples=("rank", "size"), classes=("class_index", "nunique"), top1=("top1", "mean"), top5=("top5", "mean")
    )
    return found.reindex([name for name in SCRIPTS if name in found.index]).rename_axis("script").reset_index()


def _kinds(refused: pd.DataFrame, known: NDArray[np.floating], threshold: float) -> pd.DataFrame:
    rows = [
        {
            "kind": kind,
            "samples": len(part),
            "auroc": auroc(known, part["known"].to_numpy()),
            "taken_for_known": float((part["known"] >= threshold).mean()),
        }
        for kind, part in refused.groupby("kind")
    ]
    return pd.DataFrame(rows)


def _curve(known: NDArray[np.floating], refused: pd.DataFrame) -> pd.DataFrame:
    kept = np.linspace(0.8, 1.0, CURVE_POINTS)
    thresholds = np.quantile(known, 1 - kept)
    kinds = {kind: np.sort(part["known"].to_numpy()) for kind, part in refused.groupby("kind")}
    shares = {kind: 1 - np.searchsorted(values, thresholds) / len(values) for kind, values in kinds.items()}
    return pd.DataFrame({"kept": kept.round(DIGITS), **shares})
