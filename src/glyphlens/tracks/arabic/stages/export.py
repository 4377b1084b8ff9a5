"""export: the trained networks → one ONNX graph in fp32 and int8, label maps, parity, model card; latencies apart.

``fp32`` and ``int8`` below the export are whole models; evaluate releases the second once both have passed their gate.
"""

from collections.abc import Sequence

import onnx
import pandas as pd
from pydantic import Field
from tqdm import tqdm

from glyphlens.core.curves import TRAINING
from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import load_json, load_table, save_metrics, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.bundle import ExportedFile, Samples, drawn_rows, export_models
from glyphlens.export.card import CardFile, ranked_groups
from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.export.parity import agreement, measure_latencies, top1
from glyphlens.export.quantize import Integers
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import ExportFolder, Precision
from glyphlens.inference.recognizer import GEOMETRY, RASTER
from glyphlens.nets.weights import load_model, network_settings, weight_count
from glyphlens.sources.fonts.files import MANIFEST
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.arabic.export.card import GlyphFacts, glyph_card
from glyphlens.tracks.arabic.export.glyph_integers import quantize
from glyphlens.tracks.arabic.export.glyph_reference import torch_logits
from glyphlens.tracks.arabic.export.graph import Networks, assemble, trace
from glyphlens.tracks.arabic.export.manifest import DrawingRule, class_coverage, glyph_manifest
from glyphlens.tracks.arabic.glyphs.parts import part_rows
from glyphlens.tracks.arabic.recognizers.cells import CellCNN
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer

PATHS = (
    *("rasters", "rasters_token", "phase1", "phase2", "models_token"),
    *("fonts", "companions", "out", "metrics", "timings"),
)
STEM = "glyphs"
INPUTS = (RASTER, GEOMETRY)


class ExportParams(Section):
    """The ``export`` section of params.yaml."""

    calibration_samples: int = Field(ge=1)
    reduce_range: bool
    float_nodes: tuple[str, ...] = Field(strict=False)
    latency_repeats: int = Field(ge=1)


def main(argv: Sequence[str] | None = None) -> None:
    """Write both files with label maps and the card, metrics measured on the files, and apart how fast they are."""
    paths = stage_paths(argv, *PATHS)
    require_token(paths.rasters_token, paths.rasters)
    require_token(paths.models_token, paths.phase1, paths.phase2)
    params, rule = load_params(ExportParams, "export"), load_params(DrawingRule, "rasters")

    rasters = SampleSet.open(paths.rasters)
    models = {"phase1": load_model(paths.phase1, CellCNN), "phase2": load_model(paths.phase2, GridRecognizer)}
    val, test = (Samples.of(rasters, part_rows(rasters, split), INPUTS, split) for split in ("val", "test"))

    rows = drawn_rows(rasters.rows("train"), params.calibration_samples, load_seed())
    shown = Samples.of(rasters, rows, INPUTS, "train")
    graphs = _graphs(trace(models["phase1"], models["phase2"]), shown, params)
    manifest = glyph_manifest(rasters.classes, rule, class_coverage(rasters.index, len(rasters.classes)))
    folders = {kind: ExportFolder(paths.out / kind) for kind in graphs}
    fp32, int8 = (export_models(folders[kind], manifest, {kind: graphs[kind]}, val, STEM)[kind] for kind in graphs)
    int8_NC = int8.recognizer.logits(test.feeds)
    metrics = {
        "fp32_top1": top1(fp32.recognizer.logits(test.feeds), test.classes_N),
        "int8_top1": top1(int8_NC, test.classes_N),
        "fp32_agreement": agreement(fp32.val_NC, torch_logits(models["phase1"], models["phase2"], val.feeds)),
        **_sizes(fp32, int8),
    }
    sources = {name: getattr(paths, name) for name in ("rasters", "phase1", "phase2")}
    hashed = {**sources, fp32.file.name: fp32.file, int8.file.name: int8.file}
    facts = GlyphFacts(
        files=(CardFile.of(fp32, metrics["fp32_top1"]), CardFile.of(int8, metrics["int8_top1"])),
        manifest=folders["int8"].manifest,
        fp32_agreement=metrics["fp32_agreement"],
        int8_loss=metrics["int8_loss"],
        int8_agreement=agreement(int8.val_NC, fp32.val_NC),
        index=rasters.index,
        fonts=pd.concat([load_table(folder / MANIFEST) for folder in (paths.fonts, paths.companions)]),
        family_top1=ranked_groups(int8_NC.argmax(axis=1) == test.classes_N, test.groups),
        parameters={name: weight_count(model) for name, model in models.items()},
        configs={name: network_settings(model) for name, model in models.items()},
        trainings={name: load_json(sources[name] / TRAINING) for name in models},
        params=params.model_dump(),
        hashes={name: sha256_tree(path) for name, path in hashed.items()},
    )
    save_metrics(paths.metrics, metrics)
    folders["int8"].save_card(glyph_card(facts))
    latencies = measure_latencies({"fp32": fp32.file, "int8": int8.file}, test.feeds, params.latency_repeats)
    note_timing(paths.timings, "export", latency_ms=latencies)
    tqdm.write("export: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


def _sizes(fp32: ExportedFile, int8: ExportedFile) -> dict[str, float]:
    """What integers save, and what they cost on validation."""
    return {
        "int8_loss": fp32.val_top1 - int8.val_top1,
        "fp32_mb": fp32.megabytes,
        "int8_mb": int8.megabytes,
    }


def _graphs(networks: Networks, shown: Samples, params: ExportParams) -> dict[Precision, onnx.ModelProto]:
    """The whole recogniser in floats, and with the integers that ``shown`` (training samples) calibrates."""
    settings = Integers(params.reduce_range, params.float_nodes)
    integer = assemble(quantize(networks, shown.feeds[RASTER], shown.feeds[GEOMETRY], settings))
    require_integer_kernels(integer)
    return {"fp32": assemble(networks), "int8": integer}


if __name__ == "__main__":
    run_stage(main)
