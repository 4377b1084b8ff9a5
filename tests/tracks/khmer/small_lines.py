"""Texts and lines of the shipped parameters, made small."""

from pathlib import Path
from typing import Any

from glyphlens.core.params import read_params
from glyphlens.tracks.khmer.drawing.line_set import LineParams
from glyphlens.tracks.khmer.texts.text_set import TextParams
from tests.checkout import ROOT
from tests.conftest import LATIN_PACKAGES

SHIPPED = read_params(ROOT / "params.yaml")
FEW_LINES = {"train": 60, "val": 20, "test": 40}


def small_texts() -> dict[str, Any]:
    """The section khmer_texts with few lines."""
    return {**SHIPPED["khmer_texts"], "lines": FEW_LINES}


def small_lines(**changes: Any) -> dict[str, Any]:
    """The section khmer_lines for the fonts of the tests."""
    faces = {
        **SHIPPED["khmer_lines"]["faces"],
        "text_faces": ["hanuman", "nokora", "noto-sans-khmer", "siemreap", "suwannaphum"],
        "latin_packages": [*LATIN_PACKAGES],
    }
    return {**SHIPPED["khmer_lines"], "faces": faces, **changes}


TEXT_PARAMS = TextParams.model_validate(small_texts())
LINE_PARAMS = LineParams.model_validate(small_lines())
NOTHING = Path("no such folder")
