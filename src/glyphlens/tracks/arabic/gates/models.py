"""gate_models: trained networks are whole, say different things about different glyphs, and are accurate enough."""

import numpy as np

from glyphlens.gates import answers
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_least, at_most, none_of
from glyphlens.gates.run import Gate
from glyphlens.tracks.arabic.gates.cell_grids import grids_have_form
from glyphlens.tracks.arabic.gates.model_data import GLYPH_MODELS, ModelData, ModelLimits

ROUNDING = 1e-4  # of the metrics files

CHECKS: Checks[ModelData, ModelLimits] = Checks()


@CHECKS.add("weights-finite")
def weights_finite(data: ModelData, limits: ModelLimits) -> Outcome:
    """One NaN or infinity spreads to every answer."""
    rows: list[Row] = [
        {"model": name, "tensor": tensor, "values": int((~np.isfinite(array)).sum())}
        for name, model in data.models.items()
        for tensor, array in model.tensors.items()
        if not np.isfinite(array).all()
    ]
    return none_of(len(rows), "tensors with values that are not finite", rows[:SHOWN_ROWS])


@CHECKS.add("curves-finite")
def curves_finite(data: ModelData, limits: ModelLimits) -> Outcome:
    """A loss that was not a number for a while leaves weights that nobody should trust."""
    return answers.curves_finite({name: model.curves for name, model in data.models.items()})


@CHECKS.add("output-size")
def output_size(data: ModelData, limits: ModelLimits) -> Outcome:
    """A network's answers are positions in the class list: it has as many outputs."""
    expected = len(data.samples.classes)
    rows: list[Row] = [
        {"model": name, "outputs": data.models[name].config.get("classes"), "classes": expected}
        for name in GLYPH_MODELS
        if data.models[name].config.get("classes") != expected
    ]
    return none_of(len(rows), "networks with another number of outputs", rows)


@CHECKS.add("grids-form")
def grids_form(data: ModelData, limits: ModelLimits) -> Outcome:
    """Phase 2 reads one 16×16 grid of uint16 for every picture."""
    return grids_have_form(data.clean_MRC, data.inked_MRC.shape)


@CHECKS.add("grids-empties")
def grids_empties(data: ModelData, limits: ModelLimits) -> Outcome:
    """On clean pictures an empty cell is known exactly: phase 1 must call it 0, and nothing else."""
    wrong = (data.clean_MRC != 0) != data.inked_MRC
    return at_most(float(wrong.mean()), limits.max_empty_fpr, "share of clean cells where 0 and ink disagree")


@CHECKS.add("phase1-accuracy")
def phase1_accuracy(data: ModelData, limits: ModelLimits) -> Outcome:
    """Every wrong primitive is noise for phase 2."""
    return at_least(data.metric("phase1", "accuracy"), limits.min_phase1_accuracy, "on degraded held-out pictures")


@CHECKS.add("phase1-empties")
def phase1_empties(data: ModelData, limits: ModelLimits) -> Outcome:
    """Ink seen where there is none draws dots, and dots make another letter."""
    return at_most(data.metric("phase1", "empty_fpr"), limits.max_empty_fpr, "false positives on empty cells")


@CHECKS.add("phase1-beside-lookup")
def phase1_beside_lookup(data: ModelData, limits: ModelLimits) -> Outcome:
    """The network is there to beat thresholding plus exact lookup on degraded cells."""
    behind = data.metric("phase1", "lookup_accuracy") - data.metric("phase1", "accuracy")
    return at_most(behind, limits.max_below_lookup, "lookup's accuracy less the network's", otherwise=Verdict.WARN)


@CHECKS.add("predictions-form")
def predictions_form(data: ModelData, limits: ModelLimits) -> Outcome:
    """One known class for every validation row."""
    rows: list[Row] = []
    for name in GLYPH_MODELS:
        found = data.models[name].predictions_N
        fits = found.shape == data.truth_N.shape and found.dtype == np.int32
        beyond = int(((found < 0) | (found >= len(data.samples.classes))).sum())
        if not fits or beyond:
            rows.append({"model": name, "found": f"{found.dtype} {found.shape}", "unknown classes": beyond})
    return none_of(len(rows), f"models whose predictions are not int32 {data.truth_N.shape} of known classes", rows)


@CHECKS.add("predictions-distinct")
def predictions_distinct(data: ModelData, limits: ModelLimits) -> Outcome:
    """A collapsed network knows a few classes: it must name most of those that occur."""
    truth = dict.fromkeys(GLYPH_MODELS, data.truth_N)
    return answers.answers_distinct(data.predictions, truth, limits.min_distinct_share)


@CHECKS.add("predictions-commonest")
def predictions_commonest(data: ModelData, limits: ModelLimits) -> Outcome:
    """A collapsed network answers the same to everything."""
    labels = [entry.label for entry in data.samples.classes]
    return answers.answers_commonest(data.predictions, labels, limits.max_commonest_share)


@CHECKS.add("metrics-agree")
def metrics_agree(data: ModelData, limits: ModelLimits) -> Outcome:
    """The accuracy that was written down is that of the predictions that were written down."""
    rows: list[Row] = []
    for name in GLYPH_MODELS:
        measured = float((data.models[name].predictions_N == data.truth_N).mean())
        if not abs(measured - data.metric(name, "val_top1")) <= ROUNDING:
            rows.append({"model": name, "measured": measured, "metrics file": data.metric(name, "val_top1")})
    return none_of(len(rows), "models whose val_top1 is not that of val_predictions.npy", rows)


@CHECKS.add("phase2-top1")
def phase2_top1(data: ModelData, limits: ModelLimits) -> Outcome:
    """Below this the recogniser is broken rather than badly tuned."""
    return at_least(data.metric("phase2", "val_top1"), limits.min_phase2_top1, "on the validation families")


@CHECKS.add("phase2-top5")
def phase2_top5(data: ModelData, limits: ModelLimits) -> Outcome:
    """The five answers shown to a person should nearly always hold the right one."""
    return at_least(data.metric("phase2", "val_top5"), limits.min_phase2_top5, "on the validation families")


@CHECKS.add("onestage-top1")
def onestage_top1(data: ModelData, limits: ModelLimits) -> Outcome:
    """A weak baseline would flatter phase 2."""
    return at_least(data.metric("onestage", "val_top1"), limits.min_onestage_top1, "on the validation families")


@CHECKS.add("phase2-beside-onestage")
def phase2_beside_onestage(data: ModelData, limits: ModelLimits) -> Outcome:
    """Going through primitives should cost no more than about a point."""
    behind = data.metric("onestage", "val_top1") - data.metric("phase2", "val_top1")
    return at_most(behind, limits.max_below_onestage, "onestage's val_top1 less phase 2's", otherwise=Verdict.WARN)


GATE: Gate[ModelData, ModelLimits] = Gate(
    "gate_models", "Between the trained networks and their export.", CHECKS.entries, lambda data: len(data.truth_N)
)
