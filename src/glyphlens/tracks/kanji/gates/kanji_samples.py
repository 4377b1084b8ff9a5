"""gate_kanji_samples: pictures, hands, classes and codes are what every recogniser takes them for.

The checks of pictures, strokes and records have modules of their own; here are those of splits and classes.
"""

import unicodedata
from collections.abc import Sequence
from itertools import chain

import numpy as np
import pandas as pd

from glyphlens.data.sample_set import SPLITS
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_most, first_rows, none_of, verdict
from glyphlens.gates.expectations import TableSuite, between, matches, one_of
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import sample_set
from glyphlens.gates.suites.sample_set import KEY
from glyphlens.sources.etl.sets import SETS
from glyphlens.tracks.kanji.gates import sample_pictures, sample_records
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits, KanjiSamplePaths

FORMS = ("hiragana", "katakana", "kanji", "digit", "latin", "symbol")
# How the Unicode names of characters begin whose form is beyond doubt.
FORM_OF_NAME = {
    "HIRAGANA LETTER ": "hiragana",
    "KATAKANA LETTER ": "katakana",
    "CJK UNIFIED IDEOGRAPH-": "kanji",
    "DIGIT ": "digit",
    "LATIN ": "latin",
}
# As each set's standard writes it: one or two bytes in hexadecimal, or CO-59's two integers; drawn samples have none.
CODE = r"^(?:0[xX][0-9A-Fa-f]{2}|0[xX][0-9A-Fa-f]{4}|\d{1,2},\d{1,2})?$"


def index_tables(data: KanjiSampleData, limits: KanjiSampleLimits) -> Sequence[TableSuite]:
    """What is expected of every row of the index."""
    hashed = "A malformed hash matches nothing, so duplicates would go unnoticed."
    unknown = "A fact that is not known is −1; below it a number was read with the wrong sign."
    expectations = (
        *sample_set.index_expectations(data.samples),
        matches("label-one-character", "label", r"^\S$", "A class is one visible Unicode character."),
        one_of(
            "source-known",
            "source",
            [sample_records.ETL, sample_records.RENDERED],
            "Whether a sample is real handwriting decides what a score of it is worth.",
        ),
        one_of(
            "set-known",
            "set",
            [*SETS, *sample_records.RENDERED_SETS],
            "Scores are told apart by set.",
            "a set of ETL, font or strokes",
        ),
        matches("image-hash-form", "image_hash", r"^[0-9a-f]{16}$", hashed),
        matches("code-form", "code", CODE, "A code is kept as its set's standard writes it."),
        between("record-range", "record", -1, None, unknown),
        between("writer-range", "writer", -1, None, unknown),
        between("quality-range", "quality", -1, None, unknown),
        between("sex-range", "sex", -1, None, unknown),
        between("age-range", "age", -1, None, unknown),
    )
    return [TableSuite("index", data.index, ("sample_id", "label"), expectations)]


CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


@CHECKS.add("groups-disjoint")
def groups_disjoint(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A hand or a font that was learnt tests nothing: a group is wholly on one side."""
    return sample_set.groups_disjoint(data.index, many="groups")


@CHECKS.add("writer-one-group")
def writer_one_group(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A writer of a set has one group, also where two sets share the writers (ETL8B and 8G, ETL9B and 9G)."""
    index = data.index[data.index["writer"] >= 0]
    hands = index.assign(hand=index["set"].str.replace(r"^(ETL[89])[BG]$", r"\1", regex=True))
    groups = hands.groupby(["hand", "writer"])["group"].unique().reset_index()
    several = groups[groups["group"].map(len) > 1]
    rows = [
        {"set": name, "writer": writer, "groups": ", ".join(sorted(found)[:3])}
        for name, writer, found in several.itertuples(index=False, name=None)
    ]
    return none_of(len(several), "writers in several groups", rows[:SHOWN_ROWS])


@CHECKS.add("manifest-used")
def manifest_used(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A group of splits.json without a row is one that was lost on the way, or of another run."""
    known = set(data.index["group"])
    rows: list[Row] = [
        {"split": split, "group": group}
        for split, groups in data.manifest.items()
        for group in groups
        if group not in known or split not in SPLITS
    ]
    return none_of(len(rows), "entries of splits.json without a row", rows[:SHOWN_ROWS])


@CHECKS.add("sets-in-splits")
def sets_in_splits(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Every set, and of the stand-in fonts and writers both, is learnt and tested; a small real set may miss out."""
    groups = data.index.groupby(["set", "split"])["group"].nunique().unstack(fill_value=0)
    groups = groups.reindex(columns=list(SPLITS), fill_value=0)
    lacking = groups[(groups == 0).any(axis=1)]
    rows = [dict(zip(("set", *SPLITS), row, strict=True)) for row in lacking.itertuples(name=None)]
    value = ", ".join(f"{name} {'/'.join(str(count) for count in row)}" for name, *row in groups.itertuples())
    found = verdict(lacking.empty, Verdict.FAIL if data.is_rendered else Verdict.WARN)
    message = "" if lacking.empty else "sets without a group in train, val or test"
    return Outcome(found, value, "≥ 1 group of every set in train/val/test", message, tuple(rows[:SHOWN_ROWS]))


@CHECKS.add("twin-share")
def twin_share(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """The very pixels of a training picture in a held-out split are a leak, whatever they are labelled."""
    message = "share of held-out pictures identical to a training one"
    return sample_set.twins_within(data.index, ("image_hash",), limits.max_twin_share, message)


@CHECKS.add("near-share")
def near_share(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Two hands draw し or 一 nearly alike; more than that are copies, and scores flatter."""
    near = near_classes(data, limits)
    share = float(np.average(near["share"], weights=near["held_out"])) if near["held_out"].sum() else 0.0
    table = data.index.assign(bits=data.nearest_N)
    is_near = (table["bits"] >= 0) & (table["bits"] <= limits.near_bits)
    rows = first_rows(table, is_near, *KEY, "split", "bits") if share > limits.max_near_share else ()
    message = f"share of held-out pictures within {limits.near_bits} of 256 bits of a training one of their class"
    return at_most(share, limits.max_near_share, message, rows, otherwise=Verdict.WARN)


@CHECKS.add("near-median")
def near_median(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """In the median class, which is no simple stroke, next to nothing held out is nearly a training picture."""
    near = near_classes(data, limits).sort_values("share", ascending=False)
    rows = [{"label": label, "share": float(share)} for label, share in near["share"].head(SHOWN_ROWS).items()]
    message = f"median over classes of the share within {limits.near_bits} bits of a training picture"
    return at_most(float(near["share"].median()), limits.max_near_median, message, rows)


def near_classes(data: KanjiSampleData, limits: KanjiSampleLimits) -> pd.DataFrame:
    """By label ``held_out`` pictures, and the ``share`` of them near a training one, as of ``near_hands`` of these.

    Of ten times as many hands ten times as many come near by chance: what one training picture adds is what counts.
    """
    nearest = pd.Series(data.nearest_N, index=data.index["label"].to_numpy())[data.nearest_N >= 0]
    found = nearest.le(limits.near_bits).groupby(level=0).agg(["size", "mean"])
    trained = data.index.loc[data.index["split"] == "train", "label"].value_counts().reindex(found.index)
    power = np.minimum(1.0, limits.near_hands / trained)
    return pd.DataFrame({"held_out": found["size"], "share": 1 - (1 - found["mean"]) ** power})


@CHECKS.add("classes")
def classes(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Fewer characters or hands than the sources hold means that some were lost."""
    return sample_set.enough_classes(data.samples, limits.min_classes, limits.min_groups, many="groups")


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
    return sample_set.classes_supported(data.index, samples, groups, many="groups")


@CHECKS.add("classes-validated")
def classes_validated(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """What is chosen on the validation split is chosen for most classes."""
    return sample_set.classes_held_out(data.samples, "val", limits.min_held_out_classes)


@CHECKS.add("classes-tested")
def classes_tested(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Scores speak for the classes that the test hands wrote; these should be most."""
    return sample_set.classes_held_out(data.samples, "test", limits.min_held_out_classes)


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


GATE: Gate[KanjiSamplePaths, KanjiSampleData, KanjiSampleLimits] = Gate(
    name="kanji_samples",
    purpose="Between the pictures of Japanese characters and everything that learns from them.",
    paths=KanjiSamplePaths,
    limits=KanjiSampleLimits,
    open=KanjiSampleData.open,
    checks=[
        *sample_pictures.CHECKS.entries,
        *CHECKS.entries,
        *sample_set.CHECKS.entries,
        *sample_records.CHECKS.entries,
    ],
    count_rows=lambda data: len(data.samples),
    tables=index_tables,
)
