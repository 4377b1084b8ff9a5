"""The manifest of a recogniser of whole characters: its classes, and how a photo or scan must be prepared for it."""

from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import Manifest
from glyphlens.sources.kanji_params import PreparationRule

SCRIPT = "japanese"


def character_manifest(samples: SampleSet, rule: PreparationRule) -> Manifest:
    """Of a recogniser trained on ``samples``, whose classes are in the order of its scores."""
    source = ", ".join(samples.sources)
    return Manifest(script=SCRIPT, source=source, preparation=rule.model_dump(), classes=samples.classes)
