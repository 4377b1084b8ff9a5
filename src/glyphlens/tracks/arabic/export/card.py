"""The model card: what the exported files are, made of, good for and bad at; every number in it was measured."""

import numpy as np
import pandas as pd

from glyphlens.export.card_parts import (
    advice,
    bullets,
    change,
    count,
    files_table,
    hash_table,
    page,
    percent,
    table,
    trained_on,
)
from glyphlens.tracks.arabic.export.facts import SPLIT_NAMES, CardFacts, family_table

STAGE = "export"
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
    return page("glyphlens: Arabic glyph recogniser", STAGE, sections)


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
    return f"{files_table(facts.files)}\n\n{bullets(advice(facts.files, 'test families', STAGE))}"


def _measurement(facts: CardFacts) -> str:
    fp32, int8 = facts.files
    counts = facts.index["split"].value_counts()
    return (
        f"Top-1 is the share of the {counts.get('test', 0):,} test glyphs, all of families never trained on, that the "
        f"exported file itself gets right. On the {counts.get('val', 0):,} validation glyphs `{fp32.file}` gives the "
        f"same class as the trained networks for {percent(facts.fp32_agreement)}; `{int8.file}` agrees with "
        f"`{fp32.file}` on {percent(facts.int8_agreement)} and {change(facts.int8_loss)}. Temperatures, fitted on "
        f"the same glyphs: {fp32.temperature:.3f} and {int8.temperature:.3f}."
    )


def _limits(facts: CardFacts) -> str:
    alike = count(sum(bool(entry.lookalikes) for entry in facts.classes), "class looks", "classes look")
    merged = count(sum(len(entry.members) > 1 for entry in facts.classes), "class stands", "classes stand")
    ranked = list(facts.family_top1.items())
    (worst, low), (best, high) = ranked[0], ranked[-1]
    mean = float(np.mean([share for _, share in ranked]))
    lines = (
        f"It depends on the design: on the test families the int8 file ranges from {percent(low)} ({worst}) to "
        f"{percent(high)} ({best}), mean over families {percent(mean)}.",
        f"{alike} like another in most fonts and cannot be told apart by shape; {merged} for several labels with one "
        "outline.",
        "It reads glyphs drawn from font outlines, upright and complete: no handwriting, no scans, no words.",
        "It always answers with one of its classes. A glyph of another script gets the likeliest of them; look at the "
        "confidence.",
        "Without geometry (single pictures) size and height above the baseline are lost, and marks and letters that "
        "differ by them are confused.",
    )
    return bullets(lines)


def _making(facts: CardFacts) -> str:
    settings = facts.settings
    weights = "7 bits, exact on processors without VNNI too" if settings["reduce_range"] else "8 bits"
    kept = ", ".join(settings["float_nodes"]) or "none"
    lines = [
        *(
            f"{name}: " + ", ".join(f"{key} {value}" for key, value in given.items())
            for name, given in facts.configs.items()
        ),
        *(f"{name}: {trained_on(training)}." for name, training in facts.trainings.items()),
        f"int8: static quantisation (QDQ), activations uint8, weights int8 per channel ({weights}), calibrated on "
        f"{settings['calibration_samples']:,} training glyphs; layers kept in float: {kept}.",
        "Equal cells of a batch are found by a 64-bit hash in the graph and read once.",
    ]
    return bullets(lines)


def _data(facts: CardFacts) -> str:
    families = family_table(facts.index, facts.fonts)
    shares = []
    for split, part in families.groupby("split", sort=False):
        name = SPLIT_NAMES[str(split)]
        counted = count(len(part), f"{name} family", f"{name} families")
        shares.append(f"{counted} with {part['samples'].sum():,} glyphs")
    text = f"Glyphs of {len(families):,} font families, split by family: {', '.join(shares)}."
    rows = [
        [str(row.group), str(row.licence), SPLIT_NAMES[str(row.split)], f"{row.samples:,}"]
        for row in families.itertuples()
    ]
    return f"{text}\n\n{table(['family', 'licence', 'split', 'glyphs'], rows)}"


def _reproduction(facts: CardFacts) -> str:
    text = "`make repro` runs everything from the fonts on, `dvc repro export` this stage. What went in and came out:"
    return f"{text}\n\n{hash_table(facts.hashes)}"
