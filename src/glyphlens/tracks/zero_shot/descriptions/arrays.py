"""Descriptions → padded arrays, as the text encoders read them, and the vocabulary of components.

N descriptions · S strokes · P = 5 points along each · K components · 2 coordinates · 5 numbers of a component
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.tracks.zero_shot.descriptions.description import (
    COMPONENT_NUMBERS,
    STROKE_POINTS,
    STROKE_TYPES,
    Description,
)

COMPONENTS = "components.json"
PADDING, UNKNOWN = 0, 1
KNOWN_FROM = 2
STROKE_TYPE_NUMBERS = {name: number for number, name in enumerate(STROKE_TYPES, start=1)}


class ComponentVocabulary:
    """``seen``: how many of the classes seen in training each component occurs in, 0 for one that none has."""

    def __init__(self, seen: Mapping[str, int]) -> None:
        self.seen = dict(seen)
        self.numbers = {
            name: number
            for number, name in enumerate((name for name, count in self.seen.items() if count), start=KNOWN_FROM)
        }

    @classmethod
    def of(cls, descriptions: Mapping[str, Description], seen: Iterable[str]) -> "ComponentVocabulary":
        """All components of the descriptions, those of most ``seen`` classes first."""
        counts = Counter(name for character in seen for name in set(descriptions[character].names))
        names = {name for description in descriptions.values() for name in description.names}
        return cls({name: counts[name] for name in sorted(names, key=lambda name: (-counts[name], name))})

    def __len__(self) -> int:
        """How many numbers there are: padding, unknown, and the components that occur in seen classes."""
        return KNOWN_FROM + len(self.numbers)

    def number(self, name: str) -> int:
        """The number of a component; UNKNOWN for one that no seen class has."""
        return self.numbers.get(name, UNKNOWN)

    def save(self, folder: Path) -> None:
        """Write components.json."""
        save_json(folder / COMPONENTS, self.seen)

    @classmethod
    def load(cls, folder: Path) -> "ComponentVocabulary":
        """Read components.json; raises InputError where it is missing or has another form."""
        content = load_json(folder / COMPONENTS)
        if not isinstance(content, dict) or not all(type(count) is int and count >= 0 for count in content.values()):
            raise InputError(f"{folder / COMPONENTS}: expected a count by component; run `dvc repro` again")
        return cls(content)


class DescriptionArrays(NamedTuple):
    """``stroke_types_NS`` int64, 0 is padding, then the types of STROKE_TYPES; ``stroke_points_NSP2`` float32.

    ``component_ids_NK`` int64, 0 is padding, 1 a component of no seen class; ``component_numbers_NK5`` float32.
    ``stroke_owners_NS`` int64: the place of a stroke's component from 1 on, 0 is padding.
    """

    stroke_types_NS: NDArray[np.int64]
    stroke_points_NSP2: NDArray[np.float32]
    component_ids_NK: NDArray[np.int64]
    component_numbers_NK5: NDArray[np.float32]
    stroke_owners_NS: NDArray[np.int64]


def padded(descriptions: Sequence[Description], vocabulary: ComponentVocabulary) -> DescriptionArrays:
    """The descriptions side by side, filled up with zeros to the longest of them."""
    count = len(descriptions)
    strokes = max((len(description.types) for description in descriptions), default=0)
    components = max((len(description.names) for description in descriptions), default=0)
    arrays = DescriptionArrays(
        np.zeros((count, strokes), np.int64),
        np.zeros((count, strokes, STROKE_POINTS, 2), np.float32),
        np.zeros((count, components), np.int64),
        np.zeros((count, components, COMPONENT_NUMBERS), np.float32),
        np.zeros((count, strokes), np.int64),
    )
    for row, description in enumerate(descriptions):
        of_S, of_K = slice(len(description.types)), slice(len(description.names))
        arrays.stroke_types_NS[row, of_S] = [STROKE_TYPE_NUMBERS[kind] for kind in description.types]
        arrays.stroke_points_NSP2[row, of_S] = description.points_SP2
        arrays.component_ids_NK[row, of_K] = [vocabulary.number(name) for name in description.names]
        arrays.component_numbers_NK5[row, of_K] = description.numbers_K5
        arrays.stroke_owners_NS[row, of_S] = description.owners_S + 1
    return arrays
