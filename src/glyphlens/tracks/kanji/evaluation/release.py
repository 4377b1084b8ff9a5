"""The recogniser that goes into git: chosen on validation among those that are small enough."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from glyphlens.core.storage import replacing_folder
from glyphlens.evaluation.release_card import HeadMetric, HubProfile, ReleaseFacts, complete_card, drawn_from
from glyphlens.evaluation.scores import MACRO_F1, accuracy, part_scores, worst_group
from glyphlens.inference.folder import ExportFolder, model_name
from glyphlens.tracks.kanji.evaluation.scores import by_name

TITLE = "# glyphlens: Japanese handwriting recogniser"
PARTS = {"Writers and fonts": "group", "Sets": "set", "Forms": "form"}
PROFILE = HubProfile(
    name="glyphlens-kanji",
    task="image-classification",
    tags=("japanese", "characters", "onnx", "int8"),
    not_for=(
        "Lines and pages of text, cursive and connected writing: it reads one character, upright and alone.",
        "Characters that are none of its classes; they get the most likely class.",
        "Grading what pupils write, verifying signatures, saying who wrote something.",
        "Records about people (forms, names, addresses) that nobody checks: errors differ by hand (below).",
    ),
)


def choose_release(table: pd.DataFrame, max_mb: float) -> str | None:
    """The reader of pictures with the best validation accuracy whose int8 file is offered and small enough.

    ``table`` as ``scores.comparison`` orders it; None where there is none.
    """
    fitting = table[(table["reads"] == "raster") & table["int8_offered"] & (table["int8_mb"] <= max_mb)]
    return str(fitting["recognizer"].iloc[0]) if len(fitting) else None


def write_release(
    folder: Path, exports: Path, name: str | None, preface: str, facts: ReleaseFacts | None = None
) -> None:
    """Replace the release by the int8 file of ``name``, its manifest and its card, ``preface`` before it and ``facts``
    around it; for None by ``preface`` alone."""
    heading = f"{TITLE}\n\n{preface}\n"
    with replacing_folder(folder) as fresh:
        if name is None:
            ExportFolder(fresh).save_card(heading)
            return
        exported = ExportFolder(exports / name)
        exported.release(fresh, "int8", heading + _body(exported.card.read_text(encoding="utf-8")))
        if facts:
            complete_card(fresh, facts)


def character_release_facts(outcomes: pd.DataFrame, sources: Sequence[str]) -> ReleaseFacts:
    """Of what the int8 file answered, of ``scores.kanji_outcomes`` of the recogniser that is released."""
    answers = outcomes.assign(predicted=outcomes["int8"], top1=outcomes["int8_top1"])
    metrics = (
        HeadMetric("accuracy", "top-1", accuracy("top1").of(answers)),
        HeadMetric("accuracy", "top-1 of the worst writer or font", worst_group("worst_group_top1").of(answers)),
        HeadMetric("f1", "macro F1", MACRO_F1.of(answers)),
    )
    parts = {heading: part_scores(answers, column, ["top1"]) for heading, column in PARTS.items()}
    return ReleaseFacts(
        profile=PROFILE,
        languages=("ja",),
        datasets=drawn_from(sources),
        tested_on=f"{len(answers):,} characters by {answers['group'].nunique()} writers and fonts never trained on",
        metrics=metrics,
        parts={heading: table.sort_values("top1", kind="stable") for heading, table in parts.items()},
    )


def release_preface(table: pd.DataFrame, name: str | None, max_mb: float, source: str) -> str:
    """Why this recogniser lies here and what its file was measured to do; ``source`` says on what data."""
    if name is None:
        return f"No recogniser of pictures has an int8 file of at most {max_mb:g} MB on offer. {source}"
    row = by_name(table)[name]
    return (
        f"`{model_name('int8')}` of **{name}**, copied by the `kanji_evaluate` stage: of {len(table)} recognisers it "
        f"has the best validation accuracy ({100 * row['val_top1']:.2f} %) among those that read pictures and whose "
        f"int8 file is on offer and at most {max_mb:g} MB ({row['int8_mb']:.2f} MB). The file itself names "
        f"{100 * row['int8_top1']:.2f} % of {row['test_samples']:,} test samples right. {source}"
    )


def _body(card: str) -> str:
    """The card of the recogniser without its title, its headings as they are."""
    return card.partition("\n")[2] if card.startswith("# ") else f"\n{card}"
