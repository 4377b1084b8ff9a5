"""The model card of a recogniser of scans; every number in it was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from glyphlens.export.card import render_card
from glyphlens.inference.folder import Manifest
from glyphlens.nets.weights import network_settings, weight_count
from glyphlens.tracks.scan_lines.recognizers.line_tokens import LineTokenizer
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet

STAGE = "scan_export"
TEMPLATE = "scan_card.md.j2"


@dataclass(frozen=True)
class ScanFacts:
    """Everything the card says; ``measured`` as measured.json, ``training`` as training.json."""

    name: str
    model: nn.Module
    scans: ScanSet
    manifest: Manifest
    measured: Mapping[str, Any]
    training: Mapping[str, Any]
    hashes: Mapping[str, str]


def scan_card(facts: ScanFacts) -> str:
    """Markdown of the card."""
    index = facts.scans.samples.index
    lines, samples = facts.scans.shape_LS
    values = {
        **vars(facts),
        "stage": STAGE,
        "config": network_settings(facts.model),
        "parameters": weight_count(facts.model),
        "lines": lines,
        "samples": samples,
        "is_rendered": facts.manifest.source == "rendered",
        "compares_lines": any(isinstance(part, LineTokenizer) for part in facts.model.modules()),
        "groups": index.groupby("split")["group"].nunique().to_dict(),
        "rows": index.groupby("split").size().to_dict(),
    }
    return render_card(__package__, TEMPLATE, values)
