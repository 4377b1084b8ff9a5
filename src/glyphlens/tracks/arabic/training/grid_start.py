"""The start of phase 2: as any of a sample set, and the primitives that its ids name.

Ids are numbers of a codebook. Another one, such as that of further fonts, numbers other pictures, so that what the
start knows of an id goes to the id whose picture is nearest.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import replacing_folder
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.weights import load_model
from glyphlens.stages import stage_paths
from glyphlens.tracks.arabic.primitives.codebook import Codebook, nearest
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer
from glyphlens.training.sample_start import begin_with, save_start


def main(argv: Sequence[str] | None = None) -> None:
    """Keep a training as a start; run by hand, since what is in git no stage may write."""
    paths = stage_paths(argv, "trained", "samples", "primitives", "out")
    codebook, model = Codebook.open(paths.primitives), load_model(paths.trained, GridRecognizer)
    if len(codebook) != model.config.primitives:
        raise InputError(
            f"{paths.primitives}: {len(codebook)} primitives, {paths.trained} reads {model.config.primitives}; "
            "name those that it was trained on"
        )
    with replacing_folder(paths.out) as folder:
        save_start(folder, paths.trained, SampleSet.open(paths.samples))
        codebook.save(folder)


def begin_with_grids(start: Path, model: GridRecognizer, samples: SampleSet, codebook: Codebook) -> Path | None:
    """``begin_with`` of phase 2, whose ids are those of ``codebook``; raises InputError where the start is damaged."""
    if begun := begin_with(start, model, samples, "phase2"):
        match_primitives(model, Codebook.open(start), codebook)
    return begun


@torch.no_grad()
def match_primitives(model: GridRecognizer, theirs: Codebook, own: Codebook) -> None:
    """Give every id of ``own`` what ``model`` knows of that of ``theirs`` whose centroid is nearest."""
    places_K = torch.from_numpy(nearest(own.centroids_K64, theirs.centroids_K64))
    model.embedding.weight[1:] = model.embedding.weight[1:][places_K]


if __name__ == "__main__":
    main()
