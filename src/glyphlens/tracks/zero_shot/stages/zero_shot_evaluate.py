"""zero_shot_evaluate: the exported files on characters and hands never seen, beside controls; the int8 file to git."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import pandas as pd
from pydantic import Field, PositiveFloat, PositiveInt
from tqdm import tqdm

from glyphlens.core.params import Section, load_params, load_seed, read_sections
from glyphlens.core.storage import MAX_METRICS, load_json, save_json, save_metrics, save_table, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import class_table
from glyphlens.evaluation.pictures import plot_heat
from glyphlens.evaluation.report import cards, run_record, save_tables_csv, split_table
from glyphlens.evaluation.scores import reliability_table
from glyphlens.gates.token import require_token
from glyphlens.inference.prototypes import SUFFIX
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.evaluation.contenders import contenders
from glyphlens.tracks.zero_shot.evaluation.evidence import (
    compared,
    evidence_heats,
    evidence_rows,
    evidence_table,
    hardest,
)
from glyphlens.tracks.zero_shot.evaluation.examples import Examples, few_shot_scores, few_shot_table
from glyphlens.tracks.zero_shot.evaluation.release import (
    measured_preface,
    write_zero_shot_release,
    zero_shot_release_facts,
)
from glyphlens.tracks.zero_shot.evaluation.report import (
    TemplatePairs,
    ZeroShotPage,
    draw_zero_shot_album,
    picture_source,
    render_zero_shot_page,
)
from glyphlens.tracks.zero_shot.evaluation.reranking import (
    LEVEL,
    Asked,
    level_numbers,
    reranking_parts,
    reranking_scores,
    reranking_table,
)
from glyphlens.tracks.zero_shot.evaluation.scores import (
    ZeroShotTest,
    baseline,
    confusion_table,
    group_scores,
    headline,
    known_share_table,
    known_shares,
    question_table,
    questions,
    slices,
    variants,
)
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles

SECTIONS = (
    "seed", "fonts", "kanji", "standin", "zero_shot", "zero_shot_training", "zero_shot_export", "zero_shot_evaluate",
)  # fmt: skip
INPUTS, OUTPUTS = (
    ("samples", "samples_token", "export", "export_token"),
    ("release", "metrics", "slices", "variants", "baseline", "shots", "reranking", "report", "timings"),
)


class RerankParams(Section):
    """``zero_shot_evaluate.rerank``: how many answers are ordered again, with which weights of their radicals."""

    first: int = Field(ge=2)
    weights: list[PositiveFloat] = Field(min_length=1)


class ZeroShotEvaluateParams(Section):
    """Section ``zero_shot_evaluate``: how finely and how much is shown; ``shots``: pictures added to a prototype,
    whose ``example_shares`` of it are tried."""

    calibration_bins: PositiveInt
    shots: list[PositiveInt] = Field(min_length=1, max_length=MAX_METRICS)
    example_shares: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)
    rerank: RerankParams
    examples_shown: PositiveInt
    evidence_shown: PositiveInt
    confusions_shown: PositiveInt
    errors_shown: PositiveInt


def main(argv: Sequence[str] | None = None) -> None:
    """Ask, score, draw, write; the release comes last, when nothing can fail any more."""
    paths = stage_paths(argv, *INPUTS, *OUTPUTS)
    require_token(paths.samples_token, paths.samples)
    require_token(paths.export_token, paths.export)
    params, seed = load_params(ZeroShotEvaluateParams, "zero_shot_evaluate"), load_seed()
    descriptions, vocabulary = DescriptionTable.load(paths.samples), ComponentVocabulary.load(paths.samples)

    test = _opened(paths, seed)
    tables = questions(test)
    unseen = tables["unseen"]
    unseen["known_share"] = known_shares(descriptions, vocabulary.seen, unseen["label"].tolist())
    parts = _asked_of_both(paths, test)
    reranking = reranking_table(parts, level_numbers(paths.export, LEVEL), params.rerank.first, params.rerank.weights)
    examples = Examples.of(paths.export, test.samples, max(params.shots))
    few_shot = few_shot_table(parts, examples, params.shots, params.example_shares)
    save_tables_csv(paths.report, {"reranking": reranking, "examples": few_shot})
    found = {**_numbers(tables, params), "shots": few_shot_scores(few_shot), "reranking": reranking_scores(reranking)}
    for name, numbers in found.items():
        save_metrics(getattr(paths, name), numbers)

    written = _save_tables(paths, test, tables, confusion_table(unseen, descriptions, params.confusions_shown))
    page = ZeroShotPage(
        **_texts(paths, test, found["metrics"]),
        **_pictures(paths, params, test, unseen, written, descriptions),
        headline=found["metrics"],
        slices=found["slices"],
        composable=float((unseen["known_share"] == 1).mean()),
        variants=found["variants"],
        few_shot=few_shot,
        reranking=reranking,
        rerank_first=params.rerank.first,
        questions=written["questions"],
        components=written["components"],
        groups=written["groups"],
    )
    save_json(paths.report / "run.json", page.run)
    save_text(paths.report / "report.html", render_zero_shot_page(page))
    tqdm.write("zero_shot_evaluate: " + ", ".join(f"{name} {value:.4f}" for name, value in found["metrics"].items()))
    preface = measured_preface(found["metrics"], " ".join(picture_source(test.samples)))
    facts = zero_shot_release_facts(found["metrics"], written, len(unseen), test.samples.sources)
    write_zero_shot_release(paths.release, paths.export, preface, facts)
    note_timing(paths.timings, "zero_shot_evaluate")


def _opened(paths: argparse.Namespace, seed: int) -> ZeroShotTest:
    """All test pictures, and who names them."""
    samples, roles = SampleSet.open(paths.samples), ClassRoles.load(paths.samples)
    rows_n = samples.rows("test")
    return ZeroShotTest(samples, roles, rows_n, contenders(paths.export, samples, roles, rows_n, seed))


def _numbers(tables: Mapping[str, pd.DataFrame], params: ZeroShotEvaluateParams) -> dict[str, dict[str, float]]:
    """What the outcome tables come to, by metrics file."""
    return {
        "metrics": headline(tables),
        "slices": slices(tables),
        "variants": variants(tables["unseen"], params.calibration_bins),
        "baseline": baseline(tables),
    }


def _asked_of_both(paths: argparse.Namespace, test: ZeroShotTest) -> dict[str, Asked]:
    """``reranking_parts`` of the released file."""
    classes_n = test.samples.class_indices[test.rows_n]
    tested = Asked(test.contenders["released"], classes_n, test.candidates_V)
    return reranking_parts(paths.export, test.samples, test.roles, tested)


def _save_tables(
    paths: argparse.Namespace,
    test: ZeroShotTest,
    tables: Mapping[str, pd.DataFrame],
    confusions: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Write the CSV files and the answers; returns the tables by name."""
    unseen = tables["unseen"]
    usual, few, every = len(test.candidates_V), len(test.roles.unseen), len(test.samples.classes)
    candidates = {"unseen": usual, "seen": usual, "unseen_among_unseen": few, "level2": every}
    written = {
        "questions": question_table(tables, candidates),
        "components": known_share_table(unseen),
        "groups": group_scores(unseen),
        "confusions": confusions,
        "classes": class_table(unseen, len(test.samples.classes)),
    }
    save_tables_csv(paths.report, {**written, "confusions": confusions.rename(columns={"families": "groups"})})
    save_table(paths.report / "predictions.parquet", unseen)
    return written


def _texts(paths: argparse.Namespace, test: ZeroShotTest, metrics: Mapping[str, float]) -> dict[str, Any]:
    """What the page says of the experiment."""
    models = sorted(file for pattern in ("*.onnx", f"*{SUFFIX}") for file in paths.export.glob(pattern))
    sections = read_sections(SECTIONS)
    return {
        "source": picture_source(test.samples),
        "roles": {name: len(labels) for name, labels in asdict(test.roles).items()},
        "templates": load_json(paths.samples / "templates.json"),
        "splits": split_table(test.samples),
        "run": run_record(sections, {"samples": paths.samples}, {file.name: file for file in models}, metrics),
        "params": sections,
    }


def _pictures(
    paths: argparse.Namespace,
    params: ZeroShotEvaluateParams,
    test: ZeroShotTest,
    unseen: pd.DataFrame,
    written: Mapping[str, pd.DataFrame],
    descriptions: DescriptionTable,
) -> dict[str, Any]:
    """What the page shows of it."""
    pairs, bins = TemplatePairs(test.samples), reliability_table(unseen, params.calibration_bins)
    labels = [test.samples.classes[number].label for number in test.candidates_V]
    released, looked_at = test.contenders["released"].prototypes, hardest(unseen, params.evidence_shown)
    pictures = compared(paths.export, test.samples, released, looked_at, labels)
    evidence = evidence_table(pictures, descriptions)
    plot_heat(paths.report / "evidence.png", evidence_heats(pictures, evidence))
    save_tables_csv(paths.report, {"evidence": evidence})
    return {
        "evidence": evidence_rows(evidence),
        "images": draw_zero_shot_album(paths.report, written["components"], written["groups"], bins),
        "right": cards(pairs.right(unseen, params.examples_shown)),
        "confusions": cards(pairs.confusions(written["confusions"])),
        "gallery": cards(pairs.gallery(unseen, params.errors_shown)),
    }


if __name__ == "__main__":
    run_stage(main)
