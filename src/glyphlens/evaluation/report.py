"""The page of an evaluation: one HTML file that needs nothing beside itself.

The text lives in report.html.j2; this module gathers what it shows and formats the numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from glyphlens.evaluation.pictures import Pair, glyph_uri, label_parts
from glyphlens.evaluation.results import Results, records
from glyphlens.samples import SPLITS, SampleSet

TEMPLATE = "report.html.j2"
ABSENT = "n/a"
NARROW = "\u202f"  # narrow no-break space between digits and before units


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
    """The page as text; the same content gives the same bytes. An unknown name in the template is an error."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        percent=percent, number=number, records=records, flat=flat, reached=reached, breakable=breakable
    )
    text = resources.files("glyphlens.evaluation").joinpath(TEMPLATE).read_text(encoding="utf-8")
    values = {field.name: getattr(page, field.name) for field in fields(page)}
    return environment.from_string(text).render(**values, absent=ABSENT) + "\n"


def split_table(samples: SampleSet) -> list[dict[str, Any]]:
    """Glyphs, families and classes of each split, the three usual ones first."""
    index = samples.index
    names = [*SPLITS, *sorted(set(index["split"]) - set(SPLITS))]
    parts = {name: index[index["split"] == name] for name in names}
    return [
        {
            "split": name,
            "glyphs": len(part),
            "families": part["group"].nunique(),
            "classes": part["class_index"].nunique(),
            "names": sorted(part["group"].unique()),
        }
        for name, part in parts.items()
    ]


def cards(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Error pairs as the template shows them, pictures inside."""
    return [
        {
            "image": glyph_uri(pair.image_HW),
            "guess": None if pair.guess_HW is None else glyph_uri(pair.guess_HW),
            "label": pair.true_label,
            "guessed": pair.guessed_label,
            "note": pair.note,
        }
        for pair in pairs
    ]


def percent(value: Any, digits: int = 1) -> str:
    """A fraction as a percentage; n/a for nothing and NaN."""
    return f"{100 * value:.{digits}f}{NARROW}%" if _known(value) else ABSENT


def number(value: Any, digits: int = 4) -> str:
    """A number as people read it: thousands apart, fractions with ``digits`` decimals; other values as text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ABSENT if value is None else str(value)
    if not _known(value):
        return ABSENT
    if isinstance(value, int):
        return f"{value:,}".replace(",", NARROW)
    return f"{value:,.{digits}f}".replace(",", NARROW)


def breakable(label: str) -> Any:
    """A label as markup that the browser may break where its parts meet."""
    from markupsafe import Markup

    return Markup("<wbr>").join(label_parts(label))


def flat(section: Any, prefix: str = "") -> list[tuple[str, str]]:
    """A section of params.yaml as (key, value) lines, nested keys joined by dots."""
    if not isinstance(section, Mapping):
        return [(prefix or "value", "null" if section is None else str(section))]
    lines = []
    for key, value in section.items():
        lines += flat(value, f"{prefix}.{key}" if prefix else str(key))
    return lines


def reached(value: float, target: float, name: str) -> bool:
    """Whether a metric keeps its target; errors (``ece``) must stay below, accuracies above."""
    return value <= target if name == "ece" else value >= target


def _known(value: Any) -> bool:
    return value is not None and not math.isnan(value)
