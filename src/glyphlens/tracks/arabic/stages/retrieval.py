"""retrieval: Arabic glyphs of the test families looked up among training glyphs, by the exported int8 file.

N rows · E numbers of an embedding · M glyphs of classes that were never trained on
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveInt

from glyphlens.core.machine import MachineParams
from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import load_table, save_array, save_json, save_metrics
from glyphlens.data.sample_set import SampleSet, unpack_bits
from glyphlens.evaluation.report import save_tables_csv
from glyphlens.gates.token import require_token
from glyphlens.imaging.geometry import geometry_features
from glyphlens.inference.embedding import Embedder
from glyphlens.inference.folder import MEASURED, ExportFolder, Manifest
from glyphlens.inference.reading import CHUNK
from glyphlens.inference.recognizer import GEOMETRY, RASTER
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.evaluation.embeddings import EMBEDDINGS, read_embeddings
from glyphlens.tracks.arabic.evaluation.retrieval import (
    class_means,
    draw_few,
    few_shot_metrics,
    look_up,
    prototype_top1,
    retrieval_metrics,
)
from glyphlens.tracks.arabic.evaluation.retrieval_pictures import draw_retrieval
from glyphlens.tracks.arabic.export.manifest import DrawingRule
from glyphlens.tracks.arabic.glyphs.glyph_drawing import draw_glyphs, read_glyphs
from glyphlens.tracks.arabic.glyphs.parts import part_rows


class RetrievalParams(Section):
    """How new classes are tried, and how much is shown."""

    few_shot_examples: PositiveInt
    few_shot_repeats: PositiveInt
    queries_shown: PositiveInt
    neighbours_shown: PositiveInt


def main(argv: list[str] | None = None) -> None:
    """Read all test and training glyphs, look the ones up among the others, try new classes, draw."""
    tokens = ("glyphs_token", "rasters_token", "export_token")
    paths = stage_paths(argv, "glyphs", "rasters", "export", *tokens, "out", "metrics", "shapes", "few_shot")
    require_token(paths.glyphs_token, paths.glyphs)
    require_token(paths.rasters_token, paths.rasters)
    require_token(paths.export_token, paths.export)
    params = load_params(RetrievalParams, "retrieval")

    samples, folder = SampleSet.open(paths.rasters), ExportFolder(paths.export / "int8")
    embedder = Embedder.load(folder.only_model())
    train, test = samples.rows("train"), part_rows(samples, "test")
    every_NE = read_embeddings(embedder, samples, np.arange(len(samples.index)))
    save_array(paths.out / EMBEDDINGS, every_NE.astype(np.float16))
    indexed_NE, queries_QE = every_NE[train], every_NE[test]
    classes_N, classes_Q = samples.class_indices[train], samples.class_indices[test]
    looked = look_up(queries_QE, classes_Q, indexed_NE, classes_N)
    shapes = look_up(queries_QE, samples.shape_class[classes_Q], indexed_NE, samples.shape_class[classes_N])

    known = class_means(indexed_NE, classes_N)
    new_ME, rows = untrained_glyphs(embedder, folder.manifest, paths.glyphs / "glyphs.db", paths.rasters)
    seed = load_seed()
    draws = [draw_few(rows, params.few_shot_examples, seed + number) for number in range(params.few_shot_repeats)]
    few_shot = few_shot_metrics(new_ME, rows, known, draws)
    few_shot["prototype_top1"] = prototype_top1(queries_QE, classes_Q, known)

    measured = {"retrieval": retrieval_metrics(looked), "shapes": retrieval_metrics(shapes), "few_shot": few_shot}
    for name, file in (("retrieval", paths.metrics), ("shapes", paths.shapes), ("few_shot", paths.few_shot)):
        save_metrics(file, measured[name])
    save_json(paths.out / MEASURED, rounded(measured))
    save_tables_csv(paths.out, {"families": family_table(samples, test, looked.glyphs_ahead_Q)})
    draw_retrieval(paths.out, looked, samples, (test, queries_QE), (train, indexed_NE), params)


def untrained_glyphs(
    embedder: Embedder, manifest: Manifest, database: Path, rasters: Path
) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """(M, E) of all glyphs of labels too rare to be classes, drawn as the others are, and their rows."""
    glyphs = read_glyphs(database)
    rare = glyphs[glyphs["label"].isin(load_table(rasters / "left_out.parquet")["label"])]
    if rare.empty:
        return np.zeros((0, embedder.numbers), np.float32), rare
    rule, workers = DrawingRule.model_validate(manifest.preparation), load_params(MachineParams, "machine").workers
    drawn = draw_glyphs(database, rare, rule, workers)
    geometry_MF = geometry_features(drawn.rows)
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(geometry_MF), CHUNK):
        chunk = slice(start, start + CHUNK)
        raster_NHW = unpack_bits(drawn.packed_NHB[chunk]) * np.uint8(255)
        parts.append(embedder.embeddings({RASTER: raster_NHW, GEOMETRY: geometry_MF[chunk]}))
    return np.concatenate(parts), drawn.rows


def family_table(samples: SampleSet, test: NDArray[np.int64], glyphs_ahead_Q: NDArray[np.int64]) -> pd.DataFrame:
    """One row a test family, hardest first: group, samples, recall_at_1, recall_at_10."""
    table = pd.DataFrame({"group": samples.index["group"].to_numpy(object)[test], "ahead": glyphs_ahead_Q})
    table["recall_at_1"], table["recall_at_10"] = table["ahead"] < 1, table["ahead"] < 10
    means = table.groupby("group").agg(
        samples=("ahead", "size"), recall_at_1=("recall_at_1", "mean"), recall_at_10=("recall_at_10", "mean")
    )
    return means.reset_index().sort_values(["recall_at_1", "group"], ignore_index=True)


def rounded(measured: Mapping[str, Mapping[str, float]], digits: int = 4) -> dict[str, Any]:
    """The same numbers as in the files of metrics."""
    return {
        part: {name: value if isinstance(value, int) else round(value, digits) for name, value in numbers.items()}
        for part, numbers in measured.items()
    }


if __name__ == "__main__":
    run_stage(main)
