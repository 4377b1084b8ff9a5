"""khmer_evaluate: the exported files on lines in fonts and texts never seen, errors by kind; one of them to git."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pydantic import PositiveInt
from tqdm import tqdm

from glyphlens.core.params import Section, load_params, read_sections
from glyphlens.core.storage import save_json, save_metrics, save_table, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error
from glyphlens.evaluation.report import run_record, save_tables_csv
from glyphlens.evaluation.scores import reliability_table
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import ExportFolder, Precision
from glyphlens.inference.line_reader import LineReader
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.khmer.evaluation.release import (
    known_words,
    line_release_facts,
    release_preface,
    write_line_release,
)
from glyphlens.tracks.khmer.evaluation.report import KhmerPage, draw_line_album, render_khmer_page, worst_cards
from glyphlens.tracks.khmer.evaluation.scores import (
    cluster_errors,
    exported_files,
    exports,
    kind_table,
    line_metrics,
    line_table,
    read_rows,
    slice_metrics,
    slice_table,
    worst_lines,
)
from glyphlens.tracks.khmer.evaluation.speed import line_latencies

SECTIONS = (
    "seed", "fonts", "khmer_texts", "khmer_lines", "khmer_recognizers", "khmer_training", "khmer_export",
    "khmer_evaluate",
)  # fmt: skip
INPUTS = ("texts", "lines", "lines_token", "export", "export_token")
OUTPUTS = ("release", "metrics", "report", "timings")
RELEASED = "ctc"
SLICES = "slices.json"
PARTS = {
    "Wear": "slice", "Length": "length", "Latin letters among Khmer": "is_mixed", "Kind of text": "kind",
    "Style": "style", "Font family": "group",
}  # fmt: skip


class KhmerEvaluateParams(Section):
    """Section ``khmer_evaluate``: how finely and how much is shown."""

    calibration_bins: PositiveInt
    worst_shown: PositiveInt


class LineAnswers(NamedTuple):
    """What the files of one recogniser read, by precision, and how long the ``used`` one takes for a line."""

    used: Precision
    tables: dict[Precision, pd.DataFrame]
    latencies: dict[str, float]

    @property
    def used_table(self) -> pd.DataFrame:
        """What the used file read."""
        return self.tables[self.used]


def main(argv: Sequence[str] | None = None) -> None:
    """Read, score, draw, write; the release comes last, when nothing can fail any more."""
    paths = stage_paths(argv, *INPUTS, *OUTPUTS)
    require_token(paths.lines_token, paths.lines)
    require_token(paths.export_token, paths.export)
    params, samples = load_params(KhmerEvaluateParams, "khmer_evaluate"), SampleSet.open(paths.lines)
    answers = {folder.name: _answers(folder, samples) for folder in exports(paths.export)}
    numbers = {name: line_metrics(found.tables["fp32"], found.tables.get("int8")) for name, found in answers.items()}
    for name, found in numbers.items():
        save_metrics(paths.metrics / f"{name}.json", found)
    released = answers[RELEASED]
    save_metrics(paths.metrics / SLICES, slice_metrics(released.used_table))

    latencies = {name: found.latencies for name, found in answers.items()}
    page = KhmerPage(
        released=RELEASED,
        numbers=numbers,
        latencies=latencies,
        **_tables(paths, samples, released.used_table, params),
        **_run(paths, numbers[RELEASED]),
    )
    save_json(paths.report / "run.json", page.run)
    save_text(paths.report / "report.html", render_khmer_page(page))
    tqdm.write("khmer_evaluate: " + ", ".join(f"{name} {value:.4f}" for name, value in numbers[RELEASED].items()))
    preface = release_preface(line_metrics(released.used_table, None), released.latencies)
    words = known_words(paths.texts / "splits.json")
    facts = line_release_facts(released.used_table)
    write_line_release(paths.release, paths.export / RELEASED, released.used, words, preface, facts)
    note_timing(paths.timings, "khmer_evaluate", ms_per_line=latencies)


def _tables(
    paths: argparse.Namespace, samples: SampleSet, table: pd.DataFrame, params: KhmerEvaluateParams
) -> dict[str, Any]:
    """Write the CSV files and the answers; what the page shows of them."""
    parts_of = {title: slice_table(table, column) for title, column in PARTS.items()}
    errors, bins = cluster_errors(table), reliability_table(table, params.calibration_bins)
    kinds = kind_table(errors)
    save_tables_csv(
        paths.report, {**{PARTS[title]: part for title, part in parts_of.items()}, "kinds": kinds, "errors": errors}
    )
    save_table(paths.report / "predictions.parquet", table)
    return {
        "slices": slice_metrics(table),
        "parts_of": parts_of,
        "kinds": kinds,
        "ece": calibration_error(bins),
        "images": draw_line_album(paths.report, bins),
        "worst": worst_cards(samples, worst_lines(table, params.worst_shown)),
    }


def _run(paths: argparse.Namespace, numbers: Mapping[str, float]) -> dict[str, Any]:
    """What the page says of the experiment."""
    files = [file for folder in exports(paths.export) for file in exported_files(folder).values()]
    models = {f"{file.parent.name}/{file.name}": file for file in files}
    sections = read_sections(SECTIONS)
    return {"run": run_record(sections, {"lines": paths.lines}, models, numbers), "params": sections}


def _answers(folder: Path, samples: SampleSet) -> LineAnswers:
    rows, tables = samples.rows("test"), dict[Precision, pd.DataFrame]()
    files, used = exported_files(folder), ExportFolder(folder).manifest.used_precision
    for precision, file in tqdm(files.items(), desc=folder.name, disable=None, leave=False):
        reader = LineReader.load(file, threads=1, decoding="beam")
        tables[precision] = line_table(samples, rows, read_rows(reader, samples, rows))
    latencies = line_latencies(LineReader.load(files[used], threads=1, decoding="beam"), samples)
    return LineAnswers(used, tables, latencies)


if __name__ == "__main__":
    run_stage(main)
