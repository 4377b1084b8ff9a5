"""gate_kanji_samples: pictures, hands, classes and codes are what every recogniser takes them for."""

from collections.abc import Sequence

from glyphlens.data.sample_set import SPLITS
from glyphlens.gates import sample_classes as shared_classes
from glyphlens.gates.expectations import TableSuite, between, matches, one_of, unique
from glyphlens.gates.run import Gate
from glyphlens.sources.etl.sets import SETS
from glyphlens.tracks.kanji.gates import (
    sample_balance,
    sample_classes,
    sample_pixels,
    sample_sources,
    sample_splits,
    sample_strokes,
)
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits

# As each set's standard writes it: one or two bytes in hexadecimal, or CO-59's two integers; drawn samples have none.
CODE = r"^(?:0[xX][0-9A-Fa-f]{2}|0[xX][0-9A-Fa-f]{4}|\d{1,2},\d{1,2})?$"


def tables(data: KanjiSampleData, limits: KanjiSampleLimits) -> Sequence[TableSuite]:
    """What is expected of every row of the index."""
    index = data.index
    unknown = "A fact that is not known is −1; below it a number was read with the wrong sign."
    expectations = (
        unique("sample-once", ["sample_id"], "The sample id names one row."),
        between("sample-range", "sample_id", 0, len(index) - 1, "The sample id is the number of a row."),
        between(
            "class-range", "class_index", 0, len(data.samples.classes) - 1, "An index outside the list has no label."
        ),
        matches("label-one-character", "label", r"^\S$", "A class is one visible Unicode character."),
        matches("group-named", "group", r"\S", "A row without a group cannot be kept to one side."),
        one_of("split-known", "split", SPLITS, "A split of another name is used by nobody."),
        one_of(
            "source-known",
            "source",
            [sample_sources.ETL, sample_sources.RENDERED],
            "Whether a sample is real handwriting decides what a score of it is worth.",
        ),
        one_of(
            "set-known",
            "set",
            [*SETS, *sample_sources.RENDERED_SETS],
            "Scores are told apart by set.",
            "a set of ETL, font or strokes",
        ),
        matches("image-hash-form", "image_hash", r"^[0-9a-f]{16}$", "A hash that is none equals nothing."),
        matches("code-form", "code", CODE, "A code is kept as its set's standard writes it."),
        between("record-range", "record", -1, None, unknown),
        between("writer-range", "writer", -1, None, unknown),
        between("quality-range", "quality", -1, None, unknown),
        between("sex-range", "sex", -1, None, unknown),
        between("age-range", "age", -1, None, unknown),
    )
    return [TableSuite("index", index, ("sample_id", "label"), expectations)]


GATE = Gate(
    "gate_kanji_samples",
    "Between the pictures of Japanese characters and everything that learns from them.",
    [
        *sample_pixels.CHECKS.entries,
        *sample_splits.CHECKS.entries,
        *shared_classes.CHECKS.entries,
        *sample_classes.CHECKS.entries,
        *sample_sources.CHECKS.entries,
        *sample_balance.CHECKS.entries,
        *sample_strokes.CHECKS.entries,
    ],
    lambda data: len(data.samples),
    tables,
)
