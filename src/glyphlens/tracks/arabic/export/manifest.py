"""The manifest of the glyph recogniser's files: its classes, and how a glyph must be drawn for it."""

from collections.abc import Sequence

import pandas as pd
from pydantic import ConfigDict

from glyphlens.data.sample_set import CharacterClass
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.inference.folder import Manifest
from glyphlens.tracks.arabic.glyphs.parts import arabic_families

SCRIPT = "arabic"
COVERAGE_DIGITS = 4


class DrawingRule(DiacriticRule):
    """The part of the ``rasters`` section by which glyphs are placed; its other keys do not concern a model."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def glyph_manifest(classes: Sequence[CharacterClass], rule: DrawingRule, coverage: Sequence[float] = ()) -> Manifest:
    """``classes`` in the order of the model's scores, ``coverage`` as ``class_coverage`` gives it."""
    return Manifest(script=SCRIPT, preparation=rule.model_dump(), classes=tuple(classes), coverage=tuple(coverage))


def class_coverage(index: pd.DataFrame, classes: int) -> list[float]:
    """The share of the training families of Arabic script that have each class; ``index`` is that of the rasters."""
    train = index[(index["split"] == "train") & index["group"].isin(arabic_families(index))]
    families_C = train.groupby("class_index")["group"].nunique().reindex(range(classes), fill_value=0)
    return [round(float(share), COVERAGE_DIGITS) for share in families_C / train["group"].nunique()]
