"""Model cards: Markdown from a frame that all cards share and a track's own template that extends it.

The text lives in the templates; this module fills them and words the numbers.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.export.bundle import ExportedFile

SHARED = ("card.md.j2", "card_parts.md.j2")  # the frame of every card, and the parts it is put together from
BLANK_LINES = re.compile(r"\n{3,}")  # which blocks and macros leave between them
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
MEANINGS = {
    "raster": "one picture per row: 0 is paper, 255 full ink; prepared by the rule in `labels.json`",
    "geometry": "the glyph's place and size in the em square; all zeros mean unknown",
    "strokes": "per stroke, 8 points (x and y from −1 to 1), then 1 where there is a stroke",
    "embedding": "a vector of length 1; its products with the prototypes are similarities",
    "logits": "already divided by the temperature: their softmax is the calibrated confidence",
}  # of the inputs and outputs that files of all tracks have


class CardFile(NamedTuple):
    """One exported file: its name, precision, size in 10^6 bytes, temperature and top-1 on the test samples."""

    name: str
    precision: str
    megabytes: float
    temperature: float
    test_top1: float

    @classmethod
    def of(cls, file: ExportedFile, test_top1: float) -> "CardFile":
        """What the card says of an exported file."""
        return cls(file.file.name, file.precision, file.megabytes, file.temperature, test_top1)


def render_card(package: str, template: str, values: Mapping[str, Any]) -> str:
    """The card as text, of a template in ``package``; the same values give the same bytes.

    An unknown name in the template is an error.
    """
    from jinja2 import DictLoader, Environment, StrictUndefined

    texts = {name: _text(__package__, name) for name in SHARED}
    environment = Environment(
        loader=DictLoader({**texts, "track": _text(package, template)}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, points=_points, count=_count, settings=_settings)
    environment.globals.update(meanings=MEANINGS, split_names=SPLIT_NAMES)
    text = environment.get_template("track").render(**values)
    return BLANK_LINES.sub("\n\n", text).strip() + "\n"


def ranked_groups(hits_N: NDArray[np.bool_], groups: Iterable[str]) -> dict[str, float]:
    """Top-1 of each group (font family, writer, sheet), the worst first, equal ones by name."""
    scores = pd.Series(hits_N, dtype=float).groupby(np.asarray([*groups], dtype=object)).mean()
    ranked = sorted((float(share), str(group)) for group, share in scores.items())
    return {group: share for share, group in ranked}


def _percent(share: float) -> str:
    """A share with two digits.

    >>> _percent(0.98765)
    '98.77 %'
    """
    return f"{100 * share:.2f} %"


def _points(loss: float) -> str:
    """A loss of top-1 in words.

    >>> _points(0.0025), _points(-0.01)
    ('loses 0.25 points of top-1', 'gains 1.00 points of top-1')
    """
    return f"{'loses' if loss >= 0 else 'gains'} {abs(100 * loss):.2f} points of top-1"


def _count(number: int, one: str, many: str) -> str:
    """The number with the word that belongs to it.

    >>> _count(1, "class", "classes"), _count(1200, "class", "classes")
    ('1 class', '1,200 classes')
    """
    return f"{number:,} {one if number == 1 else many}"


def _settings(values: Mapping[str, Any]) -> str:
    """Settings on one line.

    >>> _settings({"width": 64, "dropout": 0.1})
    'width 64, dropout 0.1'
    """
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
