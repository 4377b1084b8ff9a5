"""The manifest of the glyph recogniser's files: its classes, and how a glyph must be drawn for it."""

from collections.abc import Sequence

from pydantic import ConfigDict

from glyphlens.data.sample_set import CharacterClass
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.inference.folder import Manifest

SCRIPT = "arabic"


class DrawingRule(DiacriticRule):
    """The part of the ``rasters`` section by which glyphs are placed; its other keys do not concern a model."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def glyph_manifest(classes: Sequence[CharacterClass], rule: DrawingRule) -> Manifest:
    """``classes`` in the order of the model's scores."""
    return Manifest(script=SCRIPT, preparation=rule.model_dump(), classes=tuple(classes))
