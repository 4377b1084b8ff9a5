"""khmer: train one recogniser of lines, named after its folder, from the weights in git or from random ones."""

from collections.abc import Sequence

from glyphlens.core.params import load_params, load_seed
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.khmer.recognizers.presets import LineRecognizerParams
from glyphlens.tracks.khmer.training.line_batches import KhmerTrainingParams
from glyphlens.tracks.khmer.training.line_start import require_unseen
from glyphlens.tracks.khmer.training.line_training import LineTraining, train_line_recognizer


def main(argv: Sequence[str] | None = None) -> None:
    """Read the lines, train, write weights, tokens, curves and how the training went."""
    paths = stage_paths(argv, "samples", "token", "start", "out", "curves", "timings", sources=("start",))
    require_token(paths.token, paths.samples)
    name = paths.out.name
    own = load_params(LineRecognizerParams, f"khmer_recognizers.{name}")
    params = load_params(KhmerTrainingParams, "khmer_training")
    start = paths.start if own.start else None
    if start is not None:
        require_unseen(start, SampleSet.open(paths.samples))
    files = LineTraining(f"khmer@{name}", paths.samples, paths.out, paths.curves, paths.timings, start)
    train_line_recognizer(files, own, params, load_seed())


if __name__ == "__main__":
    run_stage(main)
