"""kanji_distilled: train a recogniser again, with a teacher; off by default (matrix.distilled in params.yaml)."""

from collections.abc import Sequence

from glyphlens.core.params import load_params, load_seed
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.kanji.recognizers.registry import params_model
from glyphlens.tracks.kanji.training.batches import CharacterParams
from glyphlens.tracks.kanji.training.character_training import (
    DistillationParams,
    Teacher,
    Written,
    train_character_recognizer,
)

SUFFIX = "_distilled"
LOADED = ("hybrid_rnn",)  # the teacher, which is part of the code


def main(argv: Sequence[str] | None = None) -> None:
    """Read the sample set and the teacher, train the student, write it as the stage ``kanji`` does."""
    paths = stage_paths(argv, "samples", "token", "teacher", "out", "curves", "timings")
    require_token(paths.token, paths.samples)
    name = paths.out.name.removesuffix(SUFFIX)
    own = load_params(params_model(name), f"recognizers.{name}")
    params = load_params(CharacterParams, "kanji_training")
    teacher = Teacher(paths.teacher, load_params(DistillationParams, "distillation"))
    written = Written(paths.out, paths.curves, paths.timings)
    train_character_recognizer(f"kanji_distilled@{name}", written, paths.samples, own, params, load_seed(), teacher)


if __name__ == "__main__":
    run_stage(main)
