"""The start of ``zero_shot``: as any of a sample set; its classes are the seen characters, in their order.

A start that has learnt another character would read it too well where that one is called unseen. Components have to
have the same numbers, too.
"""

from collections.abc import Sequence
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import replacing_folder
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.weights import load_model
from glyphlens.stages import stage_paths
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles
from glyphlens.training.sample_start import begin_with, save_start, say_misfit


def main(argv: Sequence[str] | None = None) -> None:
    """Keep a training as a start; run by hand, since what is in git no stage may write."""
    paths = stage_paths(argv, "trained", "samples", "out")
    seen, vocabulary = ClassRoles.load(paths.samples).seen, ComponentVocabulary.load(paths.samples)
    if (learnt := load_model(paths.trained, Network).config.components) != len(vocabulary):
        raise InputError(
            f"{paths.trained} has learnt {learnt} numbers of components, {paths.samples} has {len(vocabulary)}; name "
            "the samples that it was trained on"
        )
    with replacing_folder(paths.out) as folder:
        save_start(folder, paths.trained, SampleSet.open(paths.samples), seen)
        vocabulary.save(folder)


def begin_with_aligned(start: Path, model: Network, samples: SampleSet, stage: str) -> Path | None:
    """``begin_with`` of the seen characters and their components; raises InputError where the start is damaged."""
    if start.is_dir():
        there, here = (ComponentVocabulary.load(folder).numbers for folder in (start, samples.folder))
        if renumbered := sorted(name for name in {*there, *here} if there.get(name) != here.get(name)):
            say_misfit(start, stage, f"component {renumbered[0]} has another number ({len(renumbered)} have)")
            return None
    return begin_with(start, model, samples, stage, ClassRoles.load(samples.folder).seen)


if __name__ == "__main__":
    main()
