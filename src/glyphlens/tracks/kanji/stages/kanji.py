"""kanji: train one recogniser of whole characters; its name is that of the folder it is written to."""

from collections.abc import Sequence

from glyphlens.core.params import load_params, load_seed
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.kanji.recognizers.registry import params_model
from glyphlens.tracks.kanji.training.batches import CharacterParams
from glyphlens.tracks.kanji.training.character_training import Written, train_character_recognizer


def main(argv: Sequence[str] | None = None) -> None:
    """Read the sample set, train, write weights, curves and how the training went."""
    paths = stage_paths(argv, "samples", "token", "out", "curves", "timings")
    require_token(paths.token, paths.samples)
    name = paths.out.name
    own = load_params(params_model(name), f"recognizers.{name}")
    params = load_params(CharacterParams, "kanji_training")
    written = Written(paths.out, paths.curves, paths.timings)
    train_character_recognizer(f"kanji@{name}", written, paths.samples, own, params, load_seed())


if __name__ == "__main__":
    run_stage(main)
