"""The classes of a sample set → those of a model that was made from another one: by label, else by code points.

S classes of the set · C classes of the model
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass

UNKNOWN = -1


def class_numbers(classes: Sequence[CharacterClass]) -> dict[str, int]:
    """{label or merged label: class index}."""
    numbers = {member: number for number, entry in enumerate(classes) for member in entry.members}
    return numbers | {entry.label: number for number, entry in enumerate(classes)}


def match_classes(ours: Sequence[CharacterClass], models: Sequence[CharacterClass]) -> NDArray[np.int64]:
    """(S,) the model's class of each of our classes, UNKNOWN where it has none.

    A label, or a label that was merged into a class, decides; else equal code points, and of several classes with
    them (the forms of an Arabic letter) the one of equal form.
    """
    by_label = class_numbers(models)
    by_code: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, entry in enumerate(models):
        by_code[_codes(entry)].append(number)
    return np.array([_match(entry, by_label, by_code, models) for entry in ours], dtype=np.int64)


def shape_classes(models: Sequence[CharacterClass], further: Sequence[CharacterClass] = ()) -> NDArray[np.int64]:
    """(C,) for every class of the model the smallest one of its look-alikes, as it or ``further`` classes name them."""
    numbers = class_numbers(models)
    shape_C = np.arange(len(models))
    for entry in (*models, *further):
        alike = [numbers[label] for label in (entry.label, *entry.lookalikes) if label in numbers]
        roots = {int(shape_C[number]) for number in alike}
        if len(roots) > 1:
            shape_C[np.isin(shape_C, list(roots))] = min(roots)
    return shape_C


def _match(
    entry: CharacterClass,
    by_label: dict[str, int],
    by_code: dict[tuple[str, ...], list[int]],
    models: Sequence[CharacterClass],
) -> int:
    if entry.label in by_label:
        return by_label[entry.label]
    same = by_code.get(_codes(entry), []) if _codes(entry) else []
    if len(same) > 1:
        same = [number for number in same if models[number].form == entry.form]
    return same[0] if len(same) == 1 else UNKNOWN


def _codes(entry: CharacterClass) -> tuple[str, ...]:
    """Code points as U+XXXX; those of a one-character label where none are given."""
    if entry.code_points:
        return tuple(code.upper() for code in entry.code_points)
    return (f"U+{ord(entry.label):04X}",) if len(entry.label) == 1 else ()
