"""labels.json of a recogniser of whole characters: its classes, and how a photo or scan must be prepared for it."""

from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict

from glyphlens.data.sample_set import CharacterClass
from glyphlens.export.class_entries import class_entries
from glyphlens.imaging.handwriting import HandwritingParams

SCRIPT = "japanese"


class PreparationRule(HandwritingParams):
    """The part of the ``kanji`` section by which cells are prepared; its other keys do not concern a model."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def character_map(
    classes: Sequence[CharacterClass], rule: PreparationRule, temperature: float, source: str
) -> dict[str, Any]:
    """The content of labels.json; ``classes`` in the order of the model's scores, ``source`` of its training samples.

    ``temperature`` is for the record: the graph divides its logits by it already.
    """
    return {
        "script": SCRIPT,
        "source": source,
        "image_px": rule.image_px,
        "rule": rule.model_dump(),
        "temperature": round(temperature, 6),
        "classes": class_entries(classes),
    }
