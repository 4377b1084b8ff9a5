"""Which files of an export make a release, and how large they are together."""

from collections.abc import Iterable
from pathlib import Path

from glyphlens.export.parity import megabytes
from glyphlens.inference.folder import LABELS
from glyphlens.inference.prototypes import prototypes_file
from glyphlens.tracks.zero_shot.descriptions.belonging import MODELS
from glyphlens.tracks.zero_shot.descriptions.encoder import FILES, FOLDER


def released_files(model: Path) -> list[Path]:
    """What somebody needs who has no more than a model file: its prototypes, labels, and all about descriptions."""
    described = (model.with_name(FOLDER) / name for name in (*FILES, MODELS))
    return [model, prototypes_file(model), model.with_name(LABELS), *described]


def total_megabytes(files: Iterable[Path]) -> float:
    """10^6 bytes."""
    return sum(map(megabytes, files))
