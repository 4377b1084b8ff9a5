"""zero_shot_export: the towers as ONNX files, 6,355 kanji as prototypes, the weights of description and template."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field
from tqdm import tqdm

from glyphlens.core.curves import TRAINING
from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import load_json, save_metrics, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.bundle import drawn_rows
from glyphlens.export.classifier import classifier_logits
from glyphlens.export.parity import agreement, measure_latencies, megabytes
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import ExportFolder, ModelContent, Precision
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import EMBEDDING, RASTER
from glyphlens.nets.weights import load_model
from glyphlens.sources.kanji_params import PreparationRule
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracking.timings import note_timing
from glyphlens.tracks.zero_shot.descriptions.belonging import save_belonging
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER
from glyphlens.tracks.zero_shot.export.card import ZeroShotFacts, zero_shot_card
from glyphlens.tracks.zero_shot.export.files import (
    manifest_of,
    measure,
    picture_graphs,
    plain,
    save_descriptions,
)
from glyphlens.tracks.zero_shot.export.released import released_files, total_megabytes
from glyphlens.tracks.zero_shot.export.views import picture_embedder, save_parts
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles


class ZeroShotExportParams(Section):
    """Section ``zero_shot_export``."""

    calibration_samples: int = Field(ge=1)
    reduce_range: bool
    latency_repeats: int = Field(ge=1)


def main(argv: Sequence[str] | None = None) -> None:
    """``--samples DIR --token FILE --model DIR --out DIR --metrics FILE --timings FILE``."""
    paths = stage_paths(argv, "samples", "token", "model", "out", "metrics", "timings")
    require_token(paths.token, paths.samples)
    params, rule = load_params(ZeroShotExportParams, "zero_shot_export"), load_params(PreparationRule, "kanji")
    samples, roles = SampleSet.open(paths.samples), ClassRoles.load(paths.samples)
    model, folder = load_model(paths.model, Network), ExportFolder(paths.out)

    encoder = save_descriptions(paths.out / FOLDER, model, paths.samples)
    text_CE = encoder.vectors([encoder.known[entry.label] for entry in samples.classes])
    calibration = drawn_rows(samples.rows("train"), params.calibration_samples, load_seed())
    graphs = picture_graphs(model, samples.images(calibration), reduce_range=params.reduce_range)
    contents = {kind: ModelContent(graph.SerializeToString(deterministic=True), 1.0) for kind, graph in graphs.items()}
    folder.save_models(manifest_of(samples, rule, model.config.level_sizes), contents)
    files: dict[Precision, Path] = {kind: paths.out / entry.name for kind, entry in folder.manifest.files.items()}
    save_belonging(files.values())
    measured = {kind: measure(file, samples, roles, text_CE) for kind, file in files.items()}
    save_parts(paths.out, text_CE, {kind: each.views.exemplar_CE for kind, each in measured.items()})

    val = samples.images(samples.rows("val"))
    by_file_NE, by_torch_NE = picture_embedder(files["fp32"])(val), classifier_logits(model, val)
    metrics = {
        "val_unseen_top1": measured["int8"].unseen_top1,
        "val_seen_top1": measured["int8"].seen_top1,
        "int8_loss": measured["fp32"].unseen_top1 - measured["int8"].unseen_top1,
        "lowest_cosine": float((by_file_NE * by_torch_NE).sum(axis=1).min()),
        "int8_mb": megabytes(files["int8"]),
        "release_mb": total_megabytes(released_files(files["int8"])),
    }
    known = Prototypes.load(files["fp32"]).of([entry.label for entry in folder.manifest.classes])
    agreeing = agreement(known.logits(by_file_NE), known.logits(by_torch_NE))
    folder.save_measured({**metrics, "agreement": agreeing, **{kind: plain(each) for kind, each in measured.items()}})
    folder.copy_training(paths.model)
    hashes = {"samples": sha256_tree(paths.samples), "model": sha256_tree(paths.model)}
    training = load_json(paths.model / TRAINING)
    facts = ZeroShotFacts(model, samples, roles, folder.manifest, metrics, measured, training, hashes)
    folder.save_card(zero_shot_card(facts))
    save_metrics(paths.metrics, metrics)
    tqdm.write("zero_shot_export: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))
    timed = {str(kind): file for kind, file in files.items()}
    latencies = measure_latencies(timed, {RASTER: val}, params.latency_repeats, output=EMBEDDING)
    note_timing(paths.timings, "zero_shot_export", latency_ms=latencies)


if __name__ == "__main__":
    run_stage(main)
