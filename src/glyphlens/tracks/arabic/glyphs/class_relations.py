"""What the classes have to do with one another: letter, form and kind, block, neighbours in code order, how common.

C classes
"""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass

# Where a block of Unicode begins that is about another use of the script than the block before it.
BLOCK_STARTS = (
    *(0x0041, 0x00C0, 0x0370, 0x0400, 0x0590, 0x0600, 0x0750, 0x0870, 0x0900, 0x2000),
    *(0xFB50, 0xFBC3, 0xFD3E, 0xFE70),
)
NO_NEXT, NO_PREVIOUS = 0, 1  # added to C: numbers that no class has
MOST_LETTERS = 3  # of a ligature: longer ones are of one kind


class ClassRelations(NamedTuple):
    """(C,) int64 of every class: its letter (the label without the form), its group (form, general category, whether
    a ligature), its block, and the classes with the next and the previous code point in the same form (C and C + 1
    where there is none).
    """

    letter_C: NDArray[np.int64]
    group_C: NDArray[np.int64]
    block_C: NDArray[np.int64]
    next_C: NDArray[np.int64]
    previous_C: NDArray[np.int64]


def class_relations(classes: Sequence[CharacterClass]) -> ClassRelations:
    """The relations of a class list, from labels, forms and code points alone."""
    codes = [tuple(int(code.removeprefix("U+"), 16) for code in entry.code_points) for entry in classes]
    alone = {
        (code[0], entry.form): row
        for row, (code, entry) in enumerate(zip(codes, classes, strict=True))
        if len(code) == 1
    }
    count = len(classes)

    def neighbour(row: int, distance: int, none: int) -> int:
        return alone.get((codes[row][0] + distance, classes[row].form), none) if len(codes[row]) == 1 else none

    return ClassRelations(
        _numbers([entry.label.partition(".")[0] for entry in classes]),
        _numbers([(entry.form, _category(code), len(code) > 1) for entry, code in zip(classes, codes, strict=True)]),
        _numbers([_block(code) for code in codes]),
        np.array([neighbour(row, 1, count + NO_NEXT) for row in range(count)], np.int64),
        np.array([neighbour(row, -1, count + NO_PREVIOUS) for row in range(count)], np.int64),
    )


def family_coverage(classes_N: NDArray[np.int64], families: Sequence[str], count: int) -> NDArray[np.float32]:
    """(C,) log of the share of families that have each of ``count`` classes, half a family added to every class."""
    table = pd.DataFrame({"class": classes_N, "family": list(families)}).drop_duplicates()
    having_C = np.bincount(table["class"], minlength=count)
    return np.log((having_C + 0.5) / (table["family"].nunique() + 1)).astype(np.float32)


def _category(code: tuple[int, ...]) -> str:
    return unicodedata.category(chr(code[0])) if code else ""


def _block(code: tuple[int, ...]) -> tuple[int, int]:
    return (int(np.searchsorted(BLOCK_STARTS, code[0], side="right")) if code else 0, min(len(code), MOST_LETTERS))


def _numbers(keys: Sequence[object]) -> NDArray[np.int64]:
    """The same number for equal keys, in the order in which they come."""
    return pd.factorize(pd.Series([repr(key) for key in keys]))[0].astype(np.int64)
