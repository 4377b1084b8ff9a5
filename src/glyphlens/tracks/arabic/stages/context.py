"""context: train the network that reads all glyphs of a font together, export it, and measure the file on whole fonts.

The answers to the validation fonts lie beside the file, so that its gate can score it again.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from pydantic import ConfigDict, Field
from tqdm import tqdm

from glyphlens.core.curves import CURVES
from glyphlens.core.machine import MachineParams
from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import save_json, save_metrics
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.temperature import fit_temperature
from glyphlens.gates.token import require_token
from glyphlens.inference.folder import MEASURED, SKIPPED
from glyphlens.inference.recognizer import Recognizer
from glyphlens.nets.weights import save_model, weight_count
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.fonts.isolation import Limits
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.evaluation.context_scores import (
    beside_scores,
    context_losses,
    context_scores,
    shuffled,
    subsets,
)
from glyphlens.tracks.arabic.export.context_graph import context_graph, save_context, withdraw_context
from glyphlens.tracks.arabic.font_context import ANSWERS, FontContext
from glyphlens.tracks.arabic.glyphs.class_relations import class_relations, family_coverage
from glyphlens.tracks.arabic.glyphs.companion_fonts import font_sources
from glyphlens.tracks.arabic.glyphs.face_glyphs import chosen_fonts
from glyphlens.tracks.arabic.glyphs.parts import arabic_families
from glyphlens.tracks.arabic.recognizers.whole_font import ContextNetwork, facts_of
from glyphlens.tracks.arabic.training.context_answers import FontAnswers, answer_fonts, save_answers
from glyphlens.tracks.arabic.training.context_batches import (
    ContextBatches,
    ContextParams,
    ContextTask,
    FontPiece,
    fit_disturbance,
)
from glyphlens.training.loop import train
from glyphlens.training.run import save_training_facts, training_run

PATHS = (
    *("fonts", "companions", "rasters", "rasters_token", "export", "export_token"),
    *("out", "metrics", "curves", "timings"),
)
TEMPERATURE_DIGITS = 4
NO_FONTS = "too few font files whose glyphs the sample set knows; whole fonts cannot be learnt from"


class FontLimits(Section):
    """The part of the ``glyphs`` section that bounds the reading of one font."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    font_seconds: int = Field(ge=1)
    font_memory_mib: int = Field(ge=64)


def main(argv: Sequence[str] | None = None) -> None:
    """Read whole fonts with the small recogniser, train on the training families, export, measure; or say why not."""
    paths = stage_paths(argv, *PATHS)
    require_token(paths.rasters_token, paths.rasters)
    require_token(paths.export_token, paths.export)
    params, seed = load_params(ContextParams, "context"), load_seed()

    samples, recognizer = SampleSet.open(paths.rasters), Recognizer.load(paths.export / "int8")
    fonts = _answers(paths, samples, recognizer, params)
    taught = all(any(font.right_GK[font.arabic_G].any() for font in fonts[split]) for split in ("train", "val"))
    if not taught or not any(font.arabic_G.any() for font in fonts["test"]):
        save_json(paths.out / MEASURED, {SKIPPED: NO_FONTS})
        for path in (paths.metrics, paths.curves):
            save_metrics(path, {"fonts": sum(map(len, fonts.values()))})
        return
    network = _network(samples, params, seed)
    disturbance = fit_disturbance(fonts["train"], class_relations(samples.classes), _top1(fonts["val"]), seed)
    validation = [*fonts["val"], *shuffled(fonts["val"]), *subsets(fonts["val"])]
    config, data = {**params.model_dump(), "seed": seed}, [paths.fonts, paths.rasters, paths.export]
    with training_run("context", config, data) as run:
        source = ContextBatches(fonts["train"], disturbance, params, seed)
        pieces = [FontPiece.of(font) for font in validation]
        trained = train(
            network,
            source,
            pieces,
            params,
            task=ContextTask(params.smoothing),
            seed=seed,
            run=run,
            curves=paths.out / CURVES,
        )
        network.temperature.fill_(_temperature(network, pieces))
        save_model(paths.out, network)
        save_training_facts(paths.out, {}, {})
        metrics = _export(paths, network, recognizer, fonts, params)
        run.report(trained, metrics, paths.curves, paths.timings)
    tqdm.write("context: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


def _answers(
    paths: argparse.Namespace, samples: SampleSet, recognizer: Recognizer, params: ContextParams
) -> dict[str, list[FontAnswers]]:
    """By split, what the recogniser says of the fonts of each."""
    limits = load_params(FontLimits, "glyphs")
    fonts = font_sources(paths.fonts, load_fonts(paths.fonts), paths.companions)
    chosen = chosen_fonts(fonts, samples, params.fonts_per_family)
    bounds = Limits(limits.font_seconds, limits.font_memory_mib)
    workers = load_params(MachineParams, "machine").workers
    found = answer_fonts(recognizer, chosen, samples, params.candidates, bounds, workers)
    return {split: [font for font in found if font.split == split] for split in ("train", "val", "test")}


def _network(samples: SampleSet, params: ContextParams, seed: int) -> ContextNetwork:
    """A fresh network that knows the classes, and how common each is in the training families."""
    torch.manual_seed(seed)
    network = ContextNetwork(params.config(len(samples.classes)))
    rows = samples.rows("train")
    rows = rows[samples.index["group"].iloc[rows].isin(arabic_families(samples.index))]
    families = samples.index.iloc[rows]["group"].tolist()
    coverage_C = family_coverage(samples.class_indices[rows], families, len(samples.classes))
    network.know(facts_of(class_relations(samples.classes)), torch.from_numpy(coverage_C))
    return network


def _export(
    paths: argparse.Namespace,
    network: ContextNetwork,
    recognizer: Recognizer,
    fonts: dict[str, list[FontAnswers]],
    params: ContextParams,
) -> dict[str, float]:
    """Write the file; withdraw it where it loses on validation. What it scores on the test."""
    save_context(paths.out, context_graph(network), network, recognizer.path)
    context = FontContext.load(paths.out)
    validation = context_scores(context, fonts["val"])
    worst = max(context_losses(validation).values())
    measured = {
        "parameters": weight_count(network),
        "validation": validation,
        "beside_arabic": {split: beside_scores(context, fonts[split]) for split in ("val", "test")},
    }
    if worst > params.max_loss:
        withdraw_context(paths.out)
        measured[SKIPPED] = f"loses {worst:.4f} of top-1 on validation fonts; at most {params.max_loss} may be"
    save_json(paths.out / MEASURED, measured)
    save_answers(paths.out / ANSWERS, fonts["val"])
    metrics = context_scores(context, fonts["test"])
    save_metrics(paths.metrics, metrics)
    return metrics


@torch.inference_mode()
def _temperature(network: ContextNetwork, pieces: Sequence[FontPiece]) -> float:
    """The temperature that fits the validation glyphs whose class is among the candidates."""
    scores, places = [], []
    for piece in pieces:
        taught_G = piece.right_GK.any(1)
        scores.append(network(*piece.inputs)[taught_G].numpy())
        places.append(piece.right_GK[taught_G].int().argmax(1).numpy())
    return round(fit_temperature(np.concatenate(scores), np.concatenate(places)), TEMPERATURE_DIGITS)


def _top1(fonts: Sequence[FontAnswers]) -> float:
    """Share of the glyphs known to be Arabic that the recogniser names right by itself."""
    return float(np.concatenate([font.right_GK[font.arabic_G, 0] for font in fonts]).mean())


if __name__ == "__main__":
    run_stage(main)
