"""The model card of a recogniser of lines; every number in it was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.export.card import render_card
from glyphlens.inference.folder import Manifest, Precision
from glyphlens.nets.weights import network_settings, weight_count
from glyphlens.tracks.khmer.export.line_files import LineExportParams, LineScores

STAGE = "khmer_export"
TEMPLATE = "line_card.md.j2"


@dataclass(frozen=True)
class LineFacts:
    """Everything the card says; ``beam`` is empty where the recogniser has none, ``gap`` as in measured.json."""

    name: str
    model: nn.Module
    samples: SampleSet
    manifest: Manifest
    measured: Mapping[Precision, LineScores]
    megabytes: Mapping[Precision, float]
    beam: Mapping[str, Any]
    smallest: Path
    rows: int
    gap: float
    training: Mapping[str, Any]
    params: LineExportParams
    hashes: Mapping[str, str]


def line_card(facts: LineFacts) -> str:
    """Markdown of the card."""
    index = facts.samples.index
    values = {
        **vars(facts),
        "smallest": facts.smallest.name,
        "stage": STAGE,
        "config": network_settings(facts.model),
        "parameters": weight_count(facts.model),
        "groups": index.groupby("split")["group"].nunique().to_dict(),
        "lines": index.groupby("split").size().to_dict(),
    }
    return render_card(__package__, TEMPLATE, values)
