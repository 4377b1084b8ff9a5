"""The model card of a recogniser of whole characters; every number in it was measured."""

import numpy as np
import pandas as pd

from glyphlens.export.card_parts import advice, bullets, change, count, files_table, page, percent, table
from glyphlens.inference.recognizer import RASTER
from glyphlens.tracks.kanji.export.facts import RENDERED, CharacterFacts
from glyphlens.tracks.kanji.export.origin import STAGE, data, making, reproduction, told_source


def write_character_card(facts: CharacterFacts) -> str:
    """Markdown of the model card."""
    return page(
        f"glyphlens: Japanese character recogniser {facts.name}",
        STAGE,
        {
            "What it is": _about(facts),
            "Which file for what": _choice(facts),
            "How it was measured": _measurement(facts),
            "Limits": _limits(facts),
            "How it was made": making(facts),
            "Data and licences": data(facts),
            "Reproduce it": reproduction(facts),
        },
    )


def skipped_card(name: str, reason: str) -> str:
    """The card of a recogniser that could be neither trained nor scored here."""
    text = f"**Skipped: {reason}.** There is no model in this folder, and no number of it anywhere."
    return page(f"glyphlens: Japanese character recogniser {name}", STAGE, {"No model": text})


def _about(facts: CharacterFacts) -> str:
    forms = pd.Series([entry.form or "other" for entry in facts.samples.classes]).value_counts()
    by_form = ", ".join(f"{number:,} {form}" for form, number in forms.items())
    classes = f"{len(facts.samples.classes):,}"
    reads = str(facts.model.reads)
    shown = "The picture of one character" if reads == RASTER else "The strokes of one character, in writing order,"
    side = facts.samples.image
    meaning = {
        "raster": ("uint8", f"(N, {side.height_px}, {side.width_px})", "0 paper … 255 ink, prepared by `labels.json`"),
        "strokes": ("float32", "(N, 24, 17)", "8 points a stroke, x and y of −1 … 1, then 1 = there is a stroke"),
    }
    kind, shape, words = meaning[reads]
    rows = [
        ["input", f"`{reads}`", f"{kind} {shape}", words],
        [
            *("output", "`logits`", f"float32 (N, {classes})"),
            "already divided by the temperature: their softmax is the calibrated confidence",
        ],
    ]
    return (
        f"{told_source(facts)}\n\n{shown} in, one of {classes} classes out ({by_form}), "
        f"by Unicode character. {facts.measured['parameters']:,} parameters; the network is described in "
        f"`src/glyphlens/tracks/kanji/recognizers/{type(facts.model).__module__.rpartition('.')[2]}.py`.\n\n"
        + table(["", "name", "type", "meaning"], rows)
    )


def _choice(facts: CharacterFacts) -> str:
    shown = files_table(facts.files)
    if not facts.measured["int8_offered"]:
        return (
            f"{shown}\n\n**`int8.onnx` is not offered**: on the validation samples it "
            f"{change(facts.exported.int8_loss)}, the limit is {100 * facts.settings.max_int8_loss:g}. Its numbers are "
            "shown for comparison only; take `fp32.onnx`."
        )
    return f"{shown}\n\n{bullets(advice(facts.files, 'test samples', f'{STAGE}@{facts.name}'))}"


def _measurement(facts: CharacterFacts) -> str:
    metrics, measured = facts.metrics, facts.measured
    total = len(facts.samples.rows("test"))
    scored = f"{measured['test_rows']:,} test samples"
    if measured["test_rows"] < total:
        scored = f"{measured['test_rows']:,} of {total:,} test samples that have {facts.model.reads}"
    return (
        f"On the {scored}, all of {count(len(facts.group_top1), 'group', 'groups')} never trained on, the file "
        f"`fp32.onnx` gives the right class for {percent(metrics['test_top1'])}; {percent(metrics['test_shape_top1'])} "
        f"where classes of one shape count as one; macro-F1 {metrics['macro_f1']:.4f}; expected calibration error "
        f"{metrics['ece']:.4f}. `int8.onnx` is right for {percent(metrics['int8_top1'])}, measured on that file. On "
        f"{measured['val_rows']:,} validation samples `fp32.onnx` gives the same class as the trained network for "
        f"{percent(measured['agreement'])}; `int8.onnx` agrees with it on {percent(measured['int8_agreement'])} and "
        f"{change(facts.exported.int8_loss)}. Temperatures, fitted on the same samples: {measured['temperature']:.3f} "
        f"and {measured['int8_temperature']:.3f}."
    )


def _limits(facts: CharacterFacts) -> str:
    alike = count(sum(bool(entry.lookalikes) for entry in facts.samples.classes), "class is", "classes are")
    ranked = list(facts.group_top1.items())
    (worst, low), (best, high) = ranked[0], ranked[-1]
    lines = [
        f"It depends on the hand: on the test groups `fp32.onnx` ranges from {percent(low)} ({worst}) to "
        f"{percent(high)} ({best}), mean over groups {percent(float(np.mean(list(facts.group_top1.values()))))}.",
        f"{alike} written like another (へ and ヘ, ー and 一) and cannot be told apart without context.",
        "One character at a time, upright and alone: no lines of text, no cursive forms that it was not shown.",
        "It always answers with one of its classes. Anything else gets the likeliest of them; look at the confidence.",
    ]
    if RENDERED in facts.sources:
        lines.insert(0, "It has seen no handwriting: expect it to be worse on real pages than the numbers above.")
    return bullets(lines)
