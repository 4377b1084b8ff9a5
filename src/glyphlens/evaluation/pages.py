"""Pages: HTML that needs nothing beside itself, from a frame and parts that all share and a template that extends them.

The text lives in the ``.html.j2`` files; this module fills them and words the numbers.
"""

import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pandas as pd

from glyphlens.core.params import flat_params

SHARED = ("page.html.j2", "parts.html.j2")  # the frame of every page, and the parts it is put together from
ABSENT = "n/a"
NARROW = "\u202f"  # narrow no-break space between digits and before units


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
    environment.filters.update(percent=percent, number=number, records=records, flat=flat, breakable=breakable)
    return environment.get_template(template).render(**values, absent=ABSENT) + "\n"


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


def label_parts(label: str) -> list[str]:
    """The pieces between which a label may be broken; joined they are the label."""
    return label.replace("_", "_\n").replace(".", "\n.").split("\n")


def breakable(label: str) -> Any:
    """A label as markup that the browser may break where its parts meet."""
    from markupsafe import Markup

    return Markup("<wbr>").join(label_parts(label))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain mappings."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def flat(section: Any) -> list[tuple[str, str]]:
    """A section of params.yaml as (key, value) lines, nested keys joined by dots."""
    return list(flat_params(section if isinstance(section, Mapping) else {"value": section}).items())


def _known(value: Any) -> bool:
    return value is not None and not math.isnan(value)
