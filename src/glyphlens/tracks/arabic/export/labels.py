"""labels.json: what a class number means and how a glyph must be drawn for the model beside it."""

from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict

from glyphlens.data.sample_set import CharacterClass
from glyphlens.export.class_entries import class_entries
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.imaging.raster import CANVAS_PX, DiacriticRule


class DrawingRule(DiacriticRule):
    """The part of the ``rasters`` section by which glyphs are placed; its other keys do not concern a model."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def label_map(classes: Sequence[CharacterClass], rule: DrawingRule, temperature: float, script: str) -> dict[str, Any]:
    """The content of labels.json; ``classes`` in the order of the model's scores.

    ``temperature`` is for the record: the graph divides its logits by it already.
    """
    return {
        "script": script,
        "image_px": CANVAS_PX,
        "rule": rule.model_dump(),
        "geometry": [*GEOMETRY, "known"],
        "temperature": round(temperature, 6),
        "classes": class_entries(classes),
    }
