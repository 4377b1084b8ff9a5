"""gate_kanji_models: exported recognisers are whole, as good as they say, and answer when asked.

s sampled rows · C classes
"""

import numpy as np

from glyphlens.core.errors import InputError
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, at_least, at_most, none_of
from glyphlens.gates.run import Gate
from glyphlens.inference.recognizer import softmax
from glyphlens.tracks.kanji.gates import model_files, model_scores
from glyphlens.tracks.kanji.gates.model_data import KanjiModelData, KanjiModelLimits

FEW_ROWS = 16  # scored one by one, beside the same rows as one batch

CHECKS: Checks[KanjiModelData, KanjiModelLimits] = Checks()


@CHECKS.add("files-open")
def files_open(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """onnxruntime opens every file; it reads what measured.json says, and fits the label map beside it."""
    rows: list[Row] = []
    for name, export in data.exports.items():
        try:
            inputs = {tuple(recognizer.inputs) for recognizer in export.recognizers.values()}
        except InputError as error:
            rows.append({"recogniser": name, "reason": str(error)})
            continue
        if inputs != {(export.measured["reads"],)}:
            rows.append({"recogniser": name, "reason": f"reads {inputs}, told {export.measured['reads']}"})
    return none_of(len(rows), "recognisers whose files cannot be used", rows[:SHOWN_ROWS])


@CHECKS.add("scores-finite")
def scores_finite(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """One score that is no number spoils every probability of its row."""
    rows: list[Row] = []
    for name, kind in data.files():
        bad = ~np.isfinite(data.logits(name, kind, "val")).all(axis=1)
        found = data.rows(name, "val")[bad][:SHOWN_ROWS]
        rows += [{"recogniser": name, "file": kind, "sample_id": int(row)} for row in found]
    return none_of(len(rows), "rows with a score that is no number", rows[:SHOWN_ROWS])


@CHECKS.add("scored-top1")
def scored_top1(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """The gate scores the files itself, so that numbers of another file cannot pass for theirs."""
    rows: list[Row] = []
    for name, kind in data.files():
        truth_s = data.samples.class_indices[data.rows(name, "val")]
        scored = float((data.logits(name, kind, "val").argmax(axis=1) == truth_s).mean())
        told = float(data.exports[name].measured["val_top1" if kind == "fp32" else "val_int8_top1"])
        rows.append({"recogniser": name, "file": kind, "scored": scored, "told": told, "gap": abs(scored - told)})
    rows.sort(key=lambda row: -float(row["gap"]))
    message = f"largest gap between measured.json and top-1 on at most {data.scored_rows} validation rows"
    return at_most(max(float(row["gap"]) for row in rows), limits.max_scored_gap, message, rows[:SHOWN_ROWS])


@CHECKS.add("predictions-own")
def predictions_own(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """predictions.npz is what these very files say: the evaluation stands on it."""
    rows: list[Row] = []
    for name, kind in data.files():
        found, asked = data.exports[name].predictions, data.rows(name, "test")
        places = np.searchsorted(found["rows"], asked).clip(max=len(found["rows"]) - 1)
        same = data.logits(name, kind, "test").argmax(axis=1) == found[kind][places]
        rows.append({"recogniser": name, "file": kind, "same": float((same & (found["rows"][places] == asked)).mean())})
    rows.sort(key=lambda row: float(row["same"]))
    message = f"lowest share of at most {data.scored_rows} test rows with the written answer"
    lowest = min(float(row["same"]) for row in rows)
    return at_least(lowest, limits.min_prediction_agreement, message, rows[:SHOWN_ROWS])


@CHECKS.add("batch-free")
def batch_free(data: KanjiModelData, limits: KanjiModelLimits) -> Outcome:
    """A picture's answer does not depend on the batch that it comes in."""
    rows: list[Row] = []
    for name, kind in data.files():
        few = data.rows(name, "val")[:FEW_ROWS]
        alone, together = data.score(name, kind, few, batch=1), data.logits(name, kind, "val")[: len(few)]
        gap = float(np.abs(softmax(alone) - softmax(together)).max())
        rows.append({"recogniser": name, "file": kind, "gap": gap})
    rows.sort(key=lambda row: -float(row["gap"]))
    message = f"largest difference of a probability, alone and among {FEW_ROWS}"
    # NaN is no difference that passes
    worst = float(np.max([float(row["gap"]) for row in rows]))
    return at_most(worst, limits.max_batch_gap, message, rows[:SHOWN_ROWS])


GATE: Gate[KanjiModelData, KanjiModelLimits] = Gate(
    "gate_kanji_models",
    "Between the exported recognisers of Japanese characters and everybody who compares or uses them.",
    [*model_files.CHECKS.entries, *model_scores.CHECKS.entries, *CHECKS.entries],
    lambda data: sum(len(data.rows(name, "val")) for name in data.exports),
)
