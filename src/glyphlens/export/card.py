"""The model card: what the exported files are, made of, good for and bad at; every number in it was measured."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from glyphlens.export.facts import SPLIT_NAMES, CardFacts, family_table

AIMED_SPEED_UP = 2.0  # of int8 over fp32 at the largest batch
FORMS = {"isol": "isolated", "init": "initial", "medi": "medial", "fina": "final", "none": "without a form"}


def write_card(facts: CardFacts) -> str:
    """Markdown of the model card."""
    sections = {
        "What it is": _about(facts),
        "Which file for what": _choice(facts),
        "How it was measured": _measurement(facts),
        "Limits": _limits(facts),
        "How it was made": _making(facts),
        "Data": _data(facts),
        "Reproduce it": _reproduction(facts),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    origin = "Written by the `export` stage from what it measured; change the code, not this page."
    return f"# glyphlens: Arabic glyph recogniser\n\n{origin}\n\n{body}\n"


def _about(facts: CardFacts) -> str:
    forms = pd.Series([entry.form or "none" for entry in facts.classes]).value_counts()
    by_form = ", ".join(f"{forms[form]:,} {name}" for form, name in FORMS.items() if form in forms)
    parts = ", ".join(f"{name} {count:,}" for name, count in facts.parameters.items())
    classes = f"{len(facts.classes):,}"
    return (
        f"A picture of one Arabic glyph in, one of {classes} classes out ({by_form}). A first network reads the "
        "picture's 256 cells of 8×8 pixels and names the visual primitive in each; a second reads the grid of names "
        "and, where it is known, the glyph's place in the em, and names the character and its form. Both are chained "
        f"in one ONNX graph. Together they have {sum(facts.parameters.values()):,} parameters ({parts}).\n\n"
        "| | name | type | meaning |\n|---|---|---|---|\n"
        "| input | `raster` | uint8 (N, 128, 128) | ink 0 … 255, drawn by the rule in `labels.json` |\n"
        "| input | `geometry` | float32 (N, 7) | em-relative numbers as `labels.json` names them; all 0 = unknown |\n"
        f"| output | `logits` | float32 (N, {classes}) | already divided by the temperature: their softmax is the "
        "calibrated confidence |"
    )


def _choice(facts: CardFacts) -> str:
    batches = sorted({entry.batch for entry in facts.latencies})
    head = ["file", "precision", "MB", "test top-1", *(f"ms a glyph, batch {batch}" for batch in batches)]
    rows = [_row(head), "|---" * len(head) + "|"]
    for file in facts.files:
        times = [f"{_latency(facts, file.file, batch):.3f}" for batch in batches]
        name = f"`{file.folder}/{file.file}`"
        rows.append(_row([name, file.precision, f"{file.megabytes:.2f}", _percent(file.test_top1), *times]))
    return "\n".join([*rows, "", *_advice(facts, batches)])


def _advice(facts: CardFacts, batches: Sequence[int]) -> list[str]:
    lines = []
    for batch in batches:
        fast, slow = sorted(facts.files, key=lambda file: _latency(facts, file.file, batch))
        ratio = _latency(facts, slow.file, batch) / _latency(facts, fast.file, batch)
        work = "One glyph at a time" if batch == 1 else f"Whole fonts, {batch} glyphs at a time"
        lines.append(f"- {work}: **`{fast.file}`**, {ratio:.1f} times as fast as `{slow.file}`.")
    fp32, int8 = facts.files
    best = max(facts.files, key=lambda file: file.test_top1)
    times_smaller = fp32.megabytes / int8.megabytes
    lines.append(f"- Small downloads: **`{int8.file}`**, {times_smaller:.1f} times smaller than `{fp32.file}`.")
    lines.append(f"- Best accuracy on the test families: **`{best.file}`**, {_percent(best.test_top1)} top-1.")
    if _latency(facts, fp32.file, batches[-1]) < AIMED_SPEED_UP * _latency(facts, int8.file, batches[-1]):
        lines.append(
            f"- int8 stays below the aim of {AIMED_SPEED_UP:g} times the speed of fp32 where this was measured: "
            "processors without 8-bit dot products (VNNI) do floats nearly as fast."
        )
    return lines


def _measurement(facts: CardFacts) -> str:
    fp32, int8 = facts.files
    counts = facts.index["split"].value_counts()
    repeats = facts.settings["latency_repeats"]
    return (
        f"Top-1 is the share of the {counts.get('test', 0):,} test glyphs, all of families never trained on, that the "
        f"exported file itself gets right. On the {counts.get('val', 0):,} validation glyphs `{fp32.file}` gives the "
        f"same class as the trained networks for {_percent(facts.fp32_agreement)}; `{int8.file}` agrees with "
        f"`{fp32.file}` on {_percent(facts.int8_agreement)} and {_change(facts.int8_loss)}. Temperatures, fitted on "
        f"the same glyphs: {fp32.temperature:.3f} and {int8.temperature:.3f}. Times are medians of {repeats} runs of "
        "onnxruntime on one processor core, from picture to scores; they differ from machine to machine and from run "
        "to run."
    )


def _limits(facts: CardFacts) -> str:
    alike = _count(sum(bool(entry.lookalikes) for entry in facts.classes), "class looks", "classes look")
    merged = _count(sum(len(entry.members) > 1 for entry in facts.classes), "class stands", "classes stand")
    ranked = list(facts.family_top1.items())
    (worst, low), (best, high) = ranked[0], ranked[-1]
    mean = float(np.mean([share for _, share in ranked]))
    lines = (
        f"It depends on the design: on the test families the int8 file ranges from {_percent(low)} ({worst}) to "
        f"{_percent(high)} ({best}), mean over families {_percent(mean)}.",
        f"{alike} like another in most fonts and cannot be told apart by shape; {merged} for several labels with one "
        "outline.",
        "It reads glyphs drawn from font outlines, upright and complete: no handwriting, no scans, no words.",
        "It always answers with one of its classes. A glyph of another script gets the likeliest of them; look at the "
        "confidence.",
        "Without geometry (single pictures) size and height above the baseline are lost, and marks and letters that "
        "differ by them are confused.",
    )
    return "\n".join(f"- {line}" for line in lines)


def _making(facts: CardFacts) -> str:
    settings = facts.settings
    weights = "7 bits, exact on processors without VNNI too" if settings["reduce_range"] else "8 bits"
    kept = ", ".join(settings["float_nodes"]) or "none"
    lines = [
        *(
            f"{name}: " + ", ".join(f"{key} {value}" for key, value in given.items())
            for name, given in facts.configs.items()
        ),
        f"int8: static quantisation (QDQ), activations uint8, weights int8 per channel ({weights}), calibrated on "
        f"{settings['calibration_samples']:,} training glyphs; layers kept in float: {kept}.",
        "Equal cells of a batch are found by a 64-bit hash in the graph and read once.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _data(facts: CardFacts) -> str:
    table = family_table(facts.index, facts.fonts)
    shares = []
    for split, part in table.groupby("split", sort=False):
        name = SPLIT_NAMES[str(split)]
        families = _count(len(part), f"{name} family", f"{name} families")
        shares.append(f"{families} with {part['samples'].sum():,} glyphs")
    text = f"Glyphs of {len(table):,} font families, split by family: {', '.join(shares)}."
    rows = [
        _row([str(row.group), str(row.licence), SPLIT_NAMES[str(row.split)], f"{row.samples:,}"])
        for row in table.itertuples()
    ]
    return "\n".join([text, "", "| family | licence | split | glyphs |", "|---|---|---|---|", *rows])


def _reproduction(facts: CardFacts) -> str:
    lines = [_row([name, f"`{digest}`"]) for name, digest in facts.hashes.items()]
    text = "`make repro` runs everything from the fonts on, `dvc repro export` this stage. What went in and came out:"
    return "\n".join([text, "", "| what | SHA-256 |", "|---|---|", *lines])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _latency(facts: CardFacts, file: str, batch: int) -> float:
    return next(entry.ms_per_glyph for entry in facts.latencies if (entry.file, entry.batch) == (file, batch))


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _change(loss: float) -> str:
    points = abs(100 * loss)
    return f"{'loses' if loss >= 0 else 'gains'} {points:.2f} points of top-1"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
