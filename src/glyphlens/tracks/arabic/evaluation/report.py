"""The page of the Arabic track's evaluation: everything that report.html.j2 shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from glyphlens.evaluation.page import render
from glyphlens.tracks.arabic.evaluation.results import Results

TEMPLATE = "report.html.j2"


@dataclass(frozen=True)
class Page:
    """Everything the template shows. ``metrics``: stage → its metrics file; ``images``: name → data URI or None."""

    results: Results
    targets: Mapping[str, float]
    samples: int
    classes: int
    test_families: Sequence[str]
    splits: Sequence[Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]
    gates: Mapping[str, Mapping[str, Any]]
    images: Mapping[str, str | None]
    confusions: Sequence[Mapping[str, Any]]
    gallery: Sequence[Mapping[str, Any]]
    run: Mapping[str, Any]
    params: Mapping[str, Any]


def render_page(page: Page) -> str:
    """The page as text; see ``page.render``."""
    return render(__package__, TEMPLATE, {field.name: getattr(page, field.name) for field in fields(page)})
