"""The manifest of a recogniser of whole characters: its classes, and how a photo or scan must be prepared for it."""

from pydantic import ConfigDict

from glyphlens.data.sample_set import SampleSet
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.inference.folder import Manifest

SCRIPT = "japanese"


class PreparationRule(HandwritingParams):
    """The part of the ``kanji`` section by which cells are prepared; its other keys do not concern a model."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def character_manifest(samples: SampleSet, rule: PreparationRule) -> Manifest:
    """Of a recogniser trained on ``samples``, whose classes are in the order of its scores."""
    source = ", ".join(sample_sources(samples))
    return Manifest(script=SCRIPT, source=source, preparation=rule.model_dump(), classes=samples.classes)


def sample_sources(samples: SampleSet) -> list[str]:
    """What the samples are, as their index says: ``etl`` or ``rendered``."""
    return sorted(samples.index["source"].astype(str).unique())
