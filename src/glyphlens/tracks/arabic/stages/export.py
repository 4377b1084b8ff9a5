"""export: the trained networks → one ONNX graph in fp32 and int8, label maps, parity, model card; latencies apart.

``fp32`` and ``int8`` below the export are whole models; evaluate releases the second once both have passed their gate.
"""

from collections.abc import Sequence
from functools import partial

from pydantic import Field
from tqdm import tqdm

from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import load_json, load_table, save_metrics, save_text, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.bundle import Samples, drawn_rows, export_file
from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.export.parity import agreement, measure_latencies, megabytes, top1
from glyphlens.export.quantize import Integers
from glyphlens.gates.token import require_token
from glyphlens.inference.recognizer import GEOMETRY, RASTER
from glyphlens.nets.weights import load_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.arabic.export.card import write_card
from glyphlens.tracks.arabic.export.facts import Measured, card_facts
from glyphlens.tracks.arabic.export.glyph_integers import quantize
from glyphlens.tracks.arabic.export.glyph_reference import torch_logits
from glyphlens.tracks.arabic.export.graph import assemble, trace
from glyphlens.tracks.arabic.export.labels import DrawingRule, label_map
from glyphlens.tracks.arabic.recognizers.cells import CellCNN
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer

SCRIPT = "arabic"
FP32_FILE, INT8_FILE = "fp32/glyphs.fp32.onnx", "int8/glyphs.int8.onnx"
BATCHES = (1, 64)
INPUTS = (RASTER, GEOMETRY)


class ExportParams(Section):
    """The ``export`` section of params.yaml."""

    calibration_samples: int = Field(ge=1)
    reduce_range: bool
    float_nodes: tuple[str, ...] = Field(strict=False)
    latency_repeats: int = Field(ge=1)


def main(argv: Sequence[str] | None = None) -> None:
    """Write both files with label maps and the card, metrics measured on the files, and apart how fast they are."""
    inputs = ("rasters", "rasters_token", "phase1", "phase2", "models_token", "fonts")
    paths = stage_paths(argv, *inputs, "out", "metrics", "timings")
    require_token(paths.rasters_token, paths.rasters)
    require_token(paths.models_token, paths.phase1, paths.phase2)
    params, rule, seed = load_params(ExportParams, "export"), load_params(DrawingRule, "rasters"), load_seed()

    rasters = SampleSet.open(paths.rasters)
    models = {"phase1": load_model(paths.phase1, CellCNN), "phase2": load_model(paths.phase2, GridRecognizer)}
    fonts = load_table(paths.fonts / "fonts.parquet")
    val, test = (Samples.of(rasters, rasters.rows(split), INPUTS, split) for split in ("val", "test"))

    networks = trace(models["phase1"], models["phase2"])
    rows = drawn_rows(rasters.rows("train"), params.calibration_samples, seed)
    shown = Samples.of(rasters, rows, INPUTS, "train")
    settings = Integers(params.reduce_range, params.float_nodes)
    integer = assemble(quantize(networks, shown.feeds[RASTER], shown.feeds[GEOMETRY], settings))
    require_integer_kernels(integer)
    labels = partial(label_map, rasters.classes, rule, script=SCRIPT)
    fp32 = export_file(paths.out / FP32_FILE, assemble(networks), labels, val, test)
    int8 = export_file(paths.out / INT8_FILE, integer, labels, val, test)

    reference_NC = torch_logits(models["phase1"], models["phase2"], val.feeds)
    metrics = {
        "fp32_top1": top1(fp32.test_NC, test.classes_N),
        "int8_top1": top1(int8.test_NC, test.classes_N),
        "fp32_agreement": agreement(fp32.val_NC, reference_NC),
        "int8_loss": top1(fp32.val_NC, val.classes_N) - top1(int8.val_NC, val.classes_N),
        "fp32_mb": megabytes(fp32.file),
        "int8_mb": megabytes(int8.file),
    }
    measured = Measured(fp32, int8, metrics, val, test)
    sources = {name: getattr(paths, name) for name in ("rasters", "phase1", "phase2")}
    files = {"fp32": fp32.file, "int8": int8.file}
    made = {file.name: file for file in files.values()}
    hashes = {name: sha256_tree(path) for name, path in {**sources, **made}.items()}
    trainings = {name: load_json(sources[name] / "training.json") for name in models}
    card = write_card(card_facts(measured, rasters, fonts, models, trainings, params.model_dump(), hashes))
    save_metrics(paths.metrics, metrics)
    save_text(int8.file.with_name("README.md"), card)
    latencies = measure_latencies(files, test.feeds, BATCHES, params.latency_repeats)
    note_timing(paths.timings, "export", latency_ms=latencies)
    tqdm.write("export: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


if __name__ == "__main__":
    run_stage(main)
