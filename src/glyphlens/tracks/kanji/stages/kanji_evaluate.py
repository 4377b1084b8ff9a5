"""kanji_evaluate: the exported recognisers beside each other on groups never seen; the best small one goes to git.

n test rows that a recogniser was scored on
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pydantic import Field, PositiveFloat, PositiveInt

from glyphlens.core.params import Section, load_params, read_sections
from glyphlens.core.storage import save_json, save_metrics, save_table, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import confusion_pairs, gallery_errors, gallery_pairs, top_confusions
from glyphlens.evaluation.outcomes import class_table, group_table
from glyphlens.evaluation.report import cards, run_record, save_tables_csv, split_table
from glyphlens.evaluation.scores import reliability_table
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.kanji.evaluation.exports import Export, read_exports
from glyphlens.tracks.kanji.evaluation.release import (
    character_release_facts,
    choose_release,
    release_preface,
    write_release,
)
from glyphlens.tracks.kanji.evaluation.report import (
    KanjiPage,
    draw_kanji_album,
    partial_told,
    render_kanji_page,
    source_told,
)
from glyphlens.tracks.kanji.evaluation.scores import (
    best_recognizer,
    by_name,
    comparison,
    form_errors,
    kanji_outcomes,
    per_set,
    rare_limit,
    slice_table,
)
from glyphlens.tracks.kanji.evaluation.targets import KanjiTargets, measured_values, verdicts

SECTIONS = (
    "seed", "fonts", "kanji", "standin", "kanji_training", "recognizers", "kanji_qat", "distillation",
    "kanji_export", "kanji_evaluate",
)  # fmt: skip
GROUPS = ("group", "groups")
SCORES = ("test_top1", "test_shape_top1", "macro_f1", "ece", "int8_top1", "int8_mb")
INPUTS, OUTPUTS = (
    ("samples", "samples_token", "export", "export_token"),
    ("release", "release_metrics", "metrics", "report", "timings"),
)


class KanjiEvaluateParams(Section):
    """How finely and how much is shown, what is released, and what the numbers are held against."""

    calibration_bins: PositiveInt
    rare_share: float = Field(gt=0, le=1)
    groups_shown: PositiveInt
    confusions_shown: PositiveInt
    errors_shown: PositiveInt
    release_max_mb: PositiveFloat
    targets: KanjiTargets


@dataclass(frozen=True)
class Compared:
    """All recognisers of one evaluation beside each other.

    ``skipped``: reasons by name; ``outcomes``: a table each (``kanji_outcomes``); ``table``: ``comparison``.
    """

    samples: SampleSet
    exports: list[Export]
    skipped: Mapping[str, str]
    outcomes: Mapping[str, pd.DataFrame]
    table: pd.DataFrame
    best: str
    released: str | None

    @property
    def best_outcomes(self) -> pd.DataFrame:
        """The outcome table of the best recogniser."""
        return self.outcomes[self.best]


def main(argv: Sequence[str] | None = None) -> None:
    """Score the predictions, choose, draw, write; the release comes last, when nothing can fail any more."""
    paths = stage_paths(argv, *INPUTS, *OUTPUTS)
    require_token(paths.samples_token, paths.samples)
    require_token(paths.export_token, paths.export)
    params = load_params(KanjiEvaluateParams, "kanji_evaluate")

    samples = SampleSet.open(paths.samples)
    exports, skipped = read_exports(paths.export, samples)
    outcomes = {export.name: kanji_outcomes(samples, export, params.rare_share) for export in exports}
    table = comparison(exports, outcomes, params.calibration_bins)
    released = choose_release(table, params.release_max_mb)
    compared = Compared(samples, exports, skipped, outcomes, table, best_recognizer(table), released)

    save_metrics(paths.release_metrics, {name: by_name(table)[released][name] for name in SCORES} if released else {})
    headline = _headline(compared)
    save_metrics(paths.metrics, headline)
    confusions = _save_tables(paths, params, compared)
    data = {"samples": paths.samples}
    models = {f"{export.name}/{file.name}": file for export in exports for file in sorted(export.folder.glob("*.onnx"))}
    run = run_record(read_sections(SECTIONS), data, models, headline)
    save_json(paths.report / "run.json", run)
    save_text(paths.report / "report.html", render_kanji_page(_page(paths, params, compared, confusions, run)))
    preface = release_preface(table, released, params.release_max_mb, " ".join(source_told(samples)[:2]))
    facts = character_release_facts(outcomes[released], samples.sources) if released else None
    write_release(paths.release, paths.export, released, preface, facts)
    note_timing(paths.timings, "kanji_evaluate")


def _headline(compared: Compared) -> dict[str, float]:
    """The metrics; one about a recogniser that was not exported is left out."""
    best = by_name(compared.table)[compared.best]
    values = measured_values(compared.table, compared.best)
    named = {"hiercode_gap": values.get("hiercode_gap"), "worst_int8_loss": values.get("int8_loss")}
    return {
        "best_top1": values["best_top1"],
        "best_shape_top1": best["test_shape_top1"],
        **{name: value for name, value in named.items() if value is not None},
        **({"rare_top1": best["rare_top1"]} if best["rare_top1"] == best["rare_top1"] else {}),
        "worst_group_top1": best["worst_group_top1"],
    }


def _save_tables(paths: argparse.Namespace, params: KanjiEvaluateParams, compared: Compared) -> pd.DataFrame:
    """The CSV files and the best recogniser's outcomes; returns its confusions with their pictures' rows."""
    best = compared.best_outcomes
    confusions = top_confusions(best, params.confusions_shown)
    classes = class_table(best, len(compared.samples.classes)).merge(
        best.groupby("class_index")[["form", "train_samples"]].first(), on="class_index"
    )
    tables = {
        "comparison": compared.table,
        "per_set": per_set(compared.outcomes),
        "per_class": classes,
        "confusions": confusions.rename(columns={"families": "groups"}),
    }
    save_tables_csv(paths.report, tables)
    save_table(paths.report / "predictions.parquet", best)
    return confusions


def _page(
    paths: argparse.Namespace,
    params: KanjiEvaluateParams,
    compared: Compared,
    confusions: pd.DataFrame,
    run: dict[str, Any],
) -> KanjiPage:
    """Draw the pictures and gather the page."""
    samples, best = compared.samples, compared.best_outcomes
    bins = reliability_table(best, params.calibration_bins)
    limit = rare_limit(samples, params.rare_share)
    errors = gallery_errors(best, params.errors_shown)
    return KanjiPage(
        table=compared.table,
        best=compared.best,
        released=compared.released,
        source=source_told(samples),
        targets=verdicts(compared.table, compared.best, params.targets),
        samples=len(best),
        classes=len(samples.classes),
        splits=split_table(samples),
        sets=per_set(compared.outcomes),
        slices=slice_table(best),
        groups=group_table(best, ("top1", "int8_top1")).head(params.groups_shown),
        rare_limit=limit,
        rare_classes=int(best.loc[best["is_rare"], "class_index"].nunique()),
        partial=partial_told(compared.outcomes, compared.skipped, compared.best),
        wrong=int((~best["top1"]).sum()),
        form_errors=form_errors(best, {number: entry.form for number, entry in enumerate(samples.classes)}),
        images=draw_kanji_album(paths.report, compared.table, compared.exports, best, bins),
        confusions=cards(confusion_pairs(samples, _named(confusions, samples), GROUPS, truth=True)),
        gallery=cards(gallery_pairs(samples, _named(errors, samples), truth=True)),
        run=run,
        params=read_sections(SECTIONS),
    )


def _named(errors: pd.DataFrame, samples: SampleSet) -> pd.DataFrame:
    """Labels by code point and form: pictures show the characters, and a reader's machine may have no font for them."""
    names = {entry.label: f"{'_'.join(entry.code_points)} {entry.form}" for entry in samples.classes}
    return errors.assign(**{column: errors[column].map(names) for column in ("label", "predicted_label")})


if __name__ == "__main__":
    run_stage(main)
