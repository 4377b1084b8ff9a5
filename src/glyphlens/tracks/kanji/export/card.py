"""The model card of a recogniser of whole characters; every number in it was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from torch import nn

from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.export.card import CardFile, ranked_groups, render_card
from glyphlens.export.classifier_files import ClassifierExportParams, ExportedClassifier, ExportRows
from glyphlens.inference.folder import Manifest
from glyphlens.nets.weights import network_settings

STAGE = "kanji_export"
TEMPLATE, SKIPPED_TEMPLATE = "character_card.md.j2", "skipped_card.md.j2"


@dataclass(frozen=True)
class CharacterFacts:
    """Everything the card says. ``metrics`` are those of the files on the test rows, ``measured`` as measured.json,
    ``training`` as training.json, ``params`` the section ``kanji_export``."""

    name: str
    model: nn.Module
    samples: SampleSet
    rows: ExportRows
    exported: ExportedClassifier
    manifest: Manifest
    metrics: Mapping[str, float]
    measured: Mapping[str, Any]
    training: Mapping[str, Any]
    params: ClassifierExportParams
    hashes: Mapping[str, str]


def character_card(facts: CharacterFacts) -> str:
    """Markdown of the card."""
    samples, exported, test = facts.samples, facts.exported, facts.rows.test
    hits_n = exported.fp32_test.classes_NK[:, 0] == samples.class_indices[test]
    forms = pd.Series([entry.form or "other" for entry in samples.classes]).value_counts()
    sources = samples.sources
    values = {
        **vars(facts),
        "stage": STAGE,
        "files": (
            CardFile.of(exported.fp32, facts.metrics["test_top1"]),
            CardFile.of(exported.int8, facts.metrics["int8_top1"]),
        ),
        "forms": [f"{number:,} {form}" for form, number in forms.items()],
        "module": type(facts.model).__module__.rpartition(".")[2],
        "config": network_settings(facts.model),
        "test_samples": len(samples.rows("test")),
        "group_top1": ranked_groups(hits_n, samples.index["group"].to_numpy(object)[test]),
        "alike": sum(bool(entry.lookalikes) for entry in samples.classes),
        "sets": set_counts(samples).to_dict("records"),
        "is_rendered": "rendered" in sources,
        "is_etl": "etl" in sources,
    }
    return render_card(__package__, TEMPLATE, values)


def skipped_card(name: str, reason: str) -> str:
    """The card of a recogniser that could be neither trained nor scored here."""
    return render_card(__package__, SKIPPED_TEMPLATE, {"name": name, "reason": reason, "stage": STAGE})


def set_counts(samples: SampleSet) -> pd.DataFrame:
    """Groups and samples by source, set (``named``) and split, the usual splits first."""
    index = samples.index
    names = index["set"] if "set" in index else index["source"]
    grouped = index.assign(named=names.astype(str)).groupby(["source", "named", "split"])
    counted = grouped.agg(groups=("group", "nunique"), samples=("group", "size")).reset_index()
    counted["order"] = counted["split"].map(lambda split: SPLITS.index(split) if split in SPLITS else len(SPLITS))
    return counted.sort_values(["source", "named", "order"])
