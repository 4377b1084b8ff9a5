"""Checks of gate_kanji_samples that look at classes: one Unicode character each, learnt and tested."""

import unicodedata
from itertools import chain

from glyphlens.gates import sample_splits
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, none_of
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits

FORMS = ("hiragana", "katakana", "kanji", "digit", "latin", "symbol")
# How the Unicode names of characters begin whose form is beyond doubt.
FORM_OF_NAME = {
    "HIRAGANA LETTER ": "hiragana",
    "KATAKANA LETTER ": "katakana",
    "CJK UNIFIED IDEOGRAPH-": "kanji",
    "DIGIT ": "digit",
    "LATIN ": "latin",
}

CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


@CHECKS.add("classes")
def classes(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Fewer characters or hands than the sources hold means that some were lost."""
    return sample_splits.enough_classes(data.samples, limits.min_classes, limits.min_groups, many="groups")


@CHECKS.add("code-points")
def code_points(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A class is one Unicode character: its label is that character and no look-alike of it."""
    rows: list[Row] = [
        {"label": entry.label, "code points": " ".join(entry.code_points), "of the label": _spelled(entry.label)}
        for entry in data.samples.classes
        if entry.code_points != (_spelled(entry.label),)
    ]
    return none_of(len(rows), "classes whose label is not the character of their one code point", rows[:SHOWN_ROWS])


@CHECKS.add("forms")
def forms(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Slices of the evaluation go by form; it follows from the character's name in Unicode where that says it."""
    rows: list[Row] = []
    for entry in data.samples.classes:
        name = unicodedata.name(entry.label, "") if len(entry.label) == 1 else ""
        told = next((form for start, form in FORM_OF_NAME.items() if name.startswith(start)), None)
        if entry.form not in FORMS or (told and entry.form != told):
            rows.append({"label": entry.label, "form": entry.form, "expected": told or "one of " + " ".join(FORMS)})
    return none_of(len(rows), "classes of another form", rows[:SHOWN_ROWS])


@CHECKS.add("lookalikes")
def lookalikes(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Looking alike is mutual: if へ lists ヘ, then ヘ lists へ, and nothing lists itself or what is no class."""
    listed = {entry.label: entry.lookalikes for entry in data.samples.classes}
    rows: list[Row] = [
        {"label": label, "lists": other, "which lists": " ".join(listed.get(other, ["(no class)"])) or "(nothing)"}
        for label, others in listed.items()
        for other in others
        if other == label or label not in listed.get(other, ())
    ]
    return none_of(len(rows), "look-alikes that are not mutual", rows[:SHOWN_ROWS])


@CHECKS.add("class-support")
def class_support(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A class needs samples from several hands, or a hand is learnt instead of its shape."""
    samples, groups = limits.min_class_samples, limits.min_class_groups
    return sample_splits.classes_supported(data.index, samples, groups, many="groups")


@CHECKS.add("classes-validated")
def classes_validated(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """What is chosen on the validation split is chosen for most classes."""
    return sample_splits.classes_held_out(data.samples, "val", limits.min_held_out_classes)


@CHECKS.add("classes-tested")
def classes_tested(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Scores speak for the classes that the test hands wrote; these should be most."""
    return sample_splits.classes_held_out(data.samples, "test", limits.min_held_out_classes)


@CHECKS.add("structure")
def structure(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Tree codes and radical sequences come from here: a sequence a class, known components, none in vain."""
    components, sequences = list(data.structure["components"]), list(data.structure["sequences"])
    labels = [entry.label for entry in data.samples.classes]
    rows: list[Row] = []
    if len(sequences) != len(labels):
        rows.append({"what": "sequences", "found": len(sequences), "expected": len(labels)})
    for number, sequence in enumerate(sequences):
        if not sequence or not all(0 <= component < len(components) for component in sequence):
            label = labels[number] if number < len(labels) else "?"
            rows.append(
                {"what": f"sequence of {label}", "found": str(sequence), "expected": f"0…{len(components) - 1}"}
            )
    used = set(chain.from_iterable(sequences))
    for number, component in enumerate(components):
        if number not in used or component in components[:number]:
            rows.append({"what": f"component {number}", "found": component, "expected": "used, and once in the list"})
    return none_of(len(rows), "faults in structure.json", rows[:SHOWN_ROWS])


def _spelled(label: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in label)
