"""Parameters of the stand-in for tests: few characters, the shipped spreads."""

from glyphlens.core.params import load_params
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.standin.params import StandinParams
from tests.stroke_data import ROOT

SHIPPED = load_params(StandinParams, "standin", ROOT / "params.yaml")
PREPARED = HandwritingParams(
    image_px=64, box_px=56, edge_share=0.125, speck_share=0.0008, min_contrast=30, blur_sigma_px=0.5
)


def few(characters: str, **changes: object) -> StandinParams:
    """The shipped parameters with these characters and three writers."""
    small = {"characters": {"few": characters}, "writers": 3, "font_copies": 2}
    return SHIPPED.model_copy(update={**small, **changes})
