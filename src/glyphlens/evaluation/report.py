"""The report of an evaluation: its page, one HTML file that needs nothing beside itself; its tables; its run record.

The text of a page lives in the ``.html.j2`` files, its sections in templates that all tracks share; this module fills
them and formats the numbers.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from glyphlens.core.params import flat_params
from glyphlens.core.storage import save_table_csv, sha256_file, sha256_tree
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.evaluation.outcomes import records
from glyphlens.evaluation.pictures import Pair, glyph_uri, label_parts

SHARED = ("page.html.j2", "parts.html.j2")  # the frame of every page, and the parts it is put together from
ABSENT = "n/a"
NARROW = "\u202f"  # narrow no-break space between digits and before units
DIGITS = 6  # of fractions in the CSV files


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


def run_record(
    params: Mapping[str, Any], data: Mapping[str, Path], models: Mapping[str, Path], metrics: Mapping[str, float]
) -> dict[str, Any]:
    """SHA-256 of the track's parameters, of every item of ``data`` and ``models``, and the headline metrics.

    ``params``: the sections of the track, since those of others have no say in its numbers. A folder's hash covers
    names and contents (``sha256_tree``); comments, order and spelling of parameters (``3e-4``, ``0.0003``) do not
    matter. Raises InputError where an item is missing.
    """
    config = json.dumps(params, sort_keys=True, ensure_ascii=False)
    return {
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "data_sha256": {name: sha256_tree(path) for name, path in sorted(data.items())},
        "model_sha256": {name: sha256_file(path) for name, path in sorted(models.items())},
        "metrics": dict(metrics),
    }


def save_tables_csv(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Every table as ``<name>.csv``."""
    for name, table in tables.items():
        save_table_csv(folder / f"{name}.csv", table.round(DIGITS))


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


def _known(value: Any) -> bool:
    return value is not None and not math.isnan(value)
