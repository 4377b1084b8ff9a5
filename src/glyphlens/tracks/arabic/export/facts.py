"""Measurements, samples and networks → the facts of the model card."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass, SampleSet
from glyphlens.export.bundle import ExportedFile, Samples
from glyphlens.export.card_parts import FileFacts
from glyphlens.export.parity import agreement, megabytes

OTHER_BACKBONE = {
    "cnn": {"patch", "layers", "d_model", "heads", "mlp"},
    "transformer": {"width", "blocks"},
}  # settings that a backbone does not look at
FONT_COLUMNS = ("family", "licence")
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
UNKNOWN_LICENCE = "not stated"


@dataclass(frozen=True)
class CardFacts:
    """Everything the card says. ``files``: fp32 first, int8 second; shares are fractions."""

    files: tuple[FileFacts, FileFacts]
    fp32_agreement: float
    int8_loss: float
    int8_agreement: float
    classes: Sequence[CharacterClass]
    index: pd.DataFrame
    fonts: pd.DataFrame
    family_top1: Mapping[str, float]
    parameters: Mapping[str, int]
    configs: Mapping[str, Mapping[str, Any]]
    trainings: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    hashes: Mapping[str, str]


@dataclass(frozen=True)
class Measured:
    """Both files, what was measured on them, and on what."""

    fp32: ExportedFile
    int8: ExportedFile
    metrics: Mapping[str, float]
    val: Samples
    test: Samples


def card_facts(
    measured: Measured,
    rasters: SampleSet,
    fonts: pd.DataFrame,
    models: Mapping[str, nn.Module],
    trainings: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    hashes: Mapping[str, str],
) -> CardFacts:
    """Everything ``write_card`` needs; ``fonts`` is the manifest (family, licence), ``trainings`` the content of each
    network's training.json, ``settings`` the export section.

    Raises InputError where the manifest lacks a column.
    """
    missing = [name for name in FONT_COLUMNS if name not in fonts]
    if missing:
        raise InputError(f"fonts.parquet: columns missing: {', '.join(missing)}; run `dvc repro fonts` again")
    hits_N = measured.int8.test_NC.argmax(axis=1) == measured.test.classes_N
    return CardFacts(
        files=(
            _file_facts(measured.fp32, "fp32", measured.metrics["fp32_top1"]),
            _file_facts(measured.int8, "int8", measured.metrics["int8_top1"]),
        ),
        fp32_agreement=measured.metrics["fp32_agreement"],
        int8_loss=measured.metrics["int8_loss"],
        int8_agreement=agreement(measured.int8.val_NC, measured.fp32.val_NC),
        classes=rasters.classes,
        index=rasters.index,
        fonts=fonts,
        family_top1=family_accuracy(hits_N, measured.test.groups),
        parameters={name: sum(weight.numel() for weight in model.parameters()) for name, model in models.items()},
        configs={name: _settings_of(model) for name, model in models.items()},
        trainings=trainings,
        settings=settings,
        hashes=hashes,
    )


def _settings_of(model: nn.Module) -> dict[str, Any]:
    settings: dict[str, Any] = asdict(model.config)  # type: ignore[call-overload]
    unused = OTHER_BACKBONE.get(str(settings.get("backbone")), set())
    return {name: value for name, value in settings.items() if name not in unused}


def _file_facts(exported: ExportedFile, precision: str, test_top1: float) -> FileFacts:
    file = exported.file
    return FileFacts(file.name, precision, megabytes(file), exported.temperature, test_top1)


def family_accuracy(hits_N: NDArray[np.bool_], families: Iterable[str]) -> dict[str, float]:
    """Top-1 accuracy of each family, the worst first."""
    scores = pd.Series(hits_N, dtype=float).groupby(np.asarray(list(families), dtype=object)).mean()
    return {
        str(name): float(share) for name, share in sorted(scores.items(), key=lambda entry: (entry[1], str(entry[0])))
    }


def family_table(index: pd.DataFrame, fonts: pd.DataFrame) -> pd.DataFrame:
    """One row a family: licences, split and number of samples, sorted by split and name."""
    licences = fonts.groupby("family")["licence"].agg(lambda names: ", ".join(sorted({name for name in names if name})))
    used = index[index["split"].isin(list(SPLIT_NAMES))]
    table = used.groupby("group").agg(split=("split", "first"), samples=("split", "size")).reset_index()
    table["licence"] = table["group"].map(licences).fillna("").replace("", UNKNOWN_LICENCE)
    table["order"] = table["split"].map(list(SPLIT_NAMES).index)
    return table.sort_values(["order", "group"], ignore_index=True).drop(columns="order")
