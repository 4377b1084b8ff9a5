"""The model card of the glyph recogniser: what the exported files are, made of, good for and bad at, as measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass
from glyphlens.export.card import SPLIT_NAMES, CardFile, render_card
from glyphlens.inference.folder import Manifest
from glyphlens.sources.companion_scripts import OTHER

STAGE = "export"
TEMPLATE = "glyph_card.md.j2"
FORMS = {"isol": "isolated", "init": "initial", "medi": "medial", "fina": "final", "none": "without a form"}
FONT_COLUMNS = ("family", "licence")
UNKNOWN_LICENCE = "not stated"
OTHER_BACKBONE = {
    "cnn": {"patch", "layers", "d_model", "heads", "mlp"},
    "transformer": {"width", "blocks"},
}  # settings that a backbone does not look at


@dataclass(frozen=True)
class GlyphFacts:
    """Everything the card says. ``files``: fp32 first, int8 second; shares are fractions.

    ``fonts`` is the manifest of the fonts (family, licence), ``index`` that of the rasters; ``parameters`` (numbers of
    weights), ``configs`` and ``trainings`` (training.json) are by network, ``params`` is the section ``export``.
    """

    files: tuple[CardFile, CardFile]
    manifest: Manifest
    fp32_agreement: float
    int8_loss: float
    int8_agreement: float
    index: pd.DataFrame
    fonts: pd.DataFrame
    family_top1: Mapping[str, float]
    parameters: Mapping[str, int]
    configs: Mapping[str, Mapping[str, Any]]
    trainings: Mapping[str, Mapping[str, Any]]
    params: Mapping[str, Any]
    hashes: Mapping[str, str]


def glyph_card(facts: GlyphFacts) -> str:
    """Markdown of the card; raises InputError where the fonts' manifest lacks a column."""
    classes, counts = facts.manifest.classes, facts.index["split"].value_counts()
    values = {
        **vars(facts),
        "stage": STAGE,
        "forms": form_counts(classes),
        "samples": {split: int(counts.get(split, 0)) for split in SPLIT_NAMES},
        "alike": sum(bool(entry.lookalikes) for entry in classes),
        "other": OTHER if any(entry.label == OTHER for entry in classes) else "",
        "merged": sum(len(entry.members) > 1 for entry in classes),
        "configs": {name: _used(config) for name, config in facts.configs.items()},
        "families": family_licences(facts.index, facts.fonts).to_dict("records"),
    }
    return render_card(__package__, TEMPLATE, values)


def form_counts(classes: Sequence[CharacterClass]) -> list[str]:
    """How many classes are of each form, in words."""
    counts = pd.Series([entry.form or "none" for entry in classes]).value_counts()
    return [f"{counts[form]:,} {name}" for form, name in FORMS.items() if form in counts]


def family_licences(index: pd.DataFrame, fonts: pd.DataFrame) -> pd.DataFrame:
    """One row per family: group, split, samples and licence, sorted by split and name.

    Raises InputError where ``fonts``, the fonts' manifest, lacks a column.
    """
    missing = [name for name in FONT_COLUMNS if name not in fonts]
    if missing:
        raise InputError(f"fonts.parquet: columns missing: {', '.join(missing)}; run `dvc repro fonts` again")
    licences = fonts.groupby("family")["licence"].agg(lambda names: ", ".join(sorted({name for name in names if name})))
    used = index[index["split"].isin(list(SPLIT_NAMES))]
    table = used.groupby("group").agg(split=("split", "first"), samples=("split", "size")).reset_index()
    table["licence"] = table["group"].map(licences).fillna("").replace("", UNKNOWN_LICENCE)
    table["order"] = table["split"].map(list(SPLIT_NAMES).index)
    return table.sort_values(["order", "group"], ignore_index=True).drop(columns="order")


def _used(config: Mapping[str, Any]) -> dict[str, Any]:
    unused = OTHER_BACKBONE.get(str(config.get("backbone")), set())
    return {name: value for name, value in config.items() if name not in unused}
