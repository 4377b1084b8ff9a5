"""The model card of the zero-shot recogniser; every number in it was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glyphlens.data.sample_set import SampleSet
from glyphlens.export.card import render_card
from glyphlens.inference.folder import Manifest, Precision
from glyphlens.nets.weights import network_settings, weight_count
from glyphlens.tracks.zero_shot.export.files import Measured
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles

STAGE = "zero_shot_export"
TEMPLATE = "zero_shot_card.md.j2"


@dataclass(frozen=True)
class ZeroShotFacts:
    """Everything the card says; ``metrics`` as metrics/zero_shot/export.json, ``training`` as training.json."""

    model: Network
    samples: SampleSet
    roles: ClassRoles
    manifest: Manifest
    metrics: Mapping[str, float]
    measured: Mapping[Precision, Measured]
    training: Mapping[str, Any]
    hashes: Mapping[str, str]


def zero_shot_card(facts: ZeroShotFacts) -> str:
    """Markdown of the card."""
    index = facts.samples.index
    values = {
        **vars(facts),
        "stage": STAGE,
        "config": network_settings(facts.model),
        "parameters": weight_count(facts.model),
        "is_rendered": facts.manifest.source == "rendered",
        "groups": index.groupby("split")["group"].nunique().to_dict(),
        "rows": index.groupby("split").size().to_dict(),
    }
    return render_card(__package__, TEMPLATE, values)
