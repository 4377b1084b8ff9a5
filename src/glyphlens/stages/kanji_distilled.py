"""kanji_distilled: train a recogniser a second time, with a trained one as its teacher; off by default (dvc.yaml)."""

from collections.abc import Sequence

from pydantic import Field

from glyphlens.gates.token import require_token
from glyphlens.params import Section, load_params, load_seed
from glyphlens.recognizers.registry import load_network, params_model
from glyphlens.stages import run_stage, stage_paths
from glyphlens.training.character_batches import CharacterParams
from glyphlens.training.character_training import train_character_recognizer
from glyphlens.training.objectives import DistilledLoss

SUFFIX = "_distilled"


class DistillationParams(Section):
    """The ``distillation`` section of params.yaml."""

    share: float = Field(gt=0, le=1)
    temperature: float = Field(gt=0)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the sample set and the teacher, train the student, write it as the stage ``kanji`` does."""
    paths = stage_paths(argv, "samples", "token", "teacher", "out")
    require_token(paths.token, paths.samples)
    name = paths.out.name.removesuffix(SUFFIX)
    own = load_params(params_model(name), f"recognizers.{name}")
    params, taught = load_params(CharacterParams, "kanji_training"), load_params(DistillationParams, "distillation")
    teacher = load_network(paths.teacher)
    train_character_recognizer(
        name,
        paths.out,
        paths.samples,
        own,
        params,
        load_seed(),
        lambda settings: DistilledLoss(teacher, settings.smoothing, taught.share, taught.temperature),
    )


if __name__ == "__main__":
    run_stage(main)
