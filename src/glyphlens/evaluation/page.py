"""The pages of an evaluation: one HTML file that needs nothing beside itself, from templates that all tracks share.

The text lives in the ``.html.j2`` files; this module fills them and formats the numbers.
"""

import math
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from glyphlens.core.params import flat_params
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.evaluation.pictures import Pair, glyph_uri, label_parts
from glyphlens.evaluation.tables import records

SHARED = ("page.html.j2", "parts.html.j2")  # the frame of every page, and the parts it is put together from
ABSENT = "n/a"
NARROW = "\u202f"  # narrow no-break space between digits and before units
ERRORS = ("ece",)  # metrics that are the better the smaller they are


def render(package: str, template: str, values: Mapping[str, Any]) -> str:
    """The page as text, of a template in ``package``; the same content gives the same bytes.

    An unknown name in the template is an error.
    """
    from jinja2 import DictLoader, Environment, StrictUndefined

    texts = {name: resources.files(__package__).joinpath(name).read_text(encoding="utf-8") for name in SHARED}
    texts[template] = resources.files(package).joinpath(template).read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=percent, number=number, records=records, flat=flat, reached=reached, breakable=breakable
    )
    return environment.get_template(template).render(**values, absent=ABSENT) + "\n"


def split_table(samples: SampleSet) -> list[dict[str, Any]]:
    """Samples, groups and classes of each split, the three usual ones first."""
    index = samples.index
    names = [*SPLITS, *sorted(set(index["split"]) - set(SPLITS))]
    parts = {name: index[index["split"] == name] for name in names}
    return [
        {
            "split": name,
            "samples": len(part),
            "groups": part["group"].nunique(),
            "classes": part["class_index"].nunique(),
            "names": sorted(part["group"].unique()),
        }
        for name, part in parts.items()
    ]


def cards(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Error pairs as the templates show them, pictures inside."""
    return [
        {
            "image": glyph_uri(pair.image_HW),
            "guess": None if pair.guess_HW is None else glyph_uri(pair.guess_HW),
            "truth": None if pair.truth_HW is None else glyph_uri(pair.truth_HW),
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


def flat(section: Any) -> list[tuple[str, str]]:
    """A section of params.yaml as (key, value) lines, nested keys joined by dots."""
    return list(flat_params(section if isinstance(section, Mapping) else {"value": section}).items())


def reached(value: float, target: float, name: str) -> bool:
    """Whether a metric keeps its target; errors must stay below, accuracies above."""
    return value <= target if name in ERRORS else value >= target


def _known(value: Any) -> bool:
    return value is not None and not math.isnan(value)
