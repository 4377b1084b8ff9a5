"""The strokes of all characters in one set of arrays, so that a writer deforms them all at once.

S strokes · K points along a stroke · C characters · L levels of the component tree
Points are complex numbers x + iy, y down, in ems (the side of KanjiVG's square).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.kanjivg import Group, KanjiVG
from glyphlens.sources.standin.forms import other_forms
from glyphlens.sources.structure import KANA_MARKS

POINTS = 48
LEVELS = 2
MARK_STROKES = {"\u3099": 2, "\u309a": 1}
HOOK_FROM, HOOK_TO, HOOK_TURN = 0.6, 0.98, 1.3  # a hook: a turn by so many radians in the last part of a stroke
HOOK_STEPS = 4  # … within so many points, as fluent strokes turn
HOOK_LONGEST = 0.16  # em


@dataclass(frozen=True)
class Script:
    """S strokes, those of a character side by side in writing order.

    ``points_SK`` complex128; ``character_S`` numbers of ``characters``; ``group_LS`` numbers of the component a stroke
    belongs to, coarse to fine, unique over characters; ``mark_S`` strokes of a voicing mark; ``hook_S`` where along the
    stroke (0..1) its hook begins, 1 without one.
    """

    characters: tuple[str, ...]
    points_SK: NDArray[np.complex128]
    character_S: NDArray[np.int64]
    group_LS: NDArray[np.int64]
    mark_S: NDArray[np.bool_]
    hook_S: NDArray[np.float64]

    @property
    def starts_C1(self) -> NDArray[np.int64]:
        """Number of every character's first stroke, and of all strokes."""
        return np.searchsorted(self.character_S, np.arange(len(self.characters) + 1)).astype(np.int64)

    def take(self, numbers: Sequence[int]) -> "Script":
        """The script of some of the characters, in that order."""
        starts_C1 = self.starts_C1
        rows = [np.arange(starts_C1[number], starts_C1[number + 1]) for number in numbers]
        rows_S = np.concatenate(rows)
        return Script(
            tuple(self.characters[number] for number in numbers),
            self.points_SK[rows_S],
            np.repeat(np.arange(len(rows)), [len(each) for each in rows]),
            self.group_LS[:, rows_S],
            self.mark_S[rows_S],
            self.hook_S[rows_S],
        )


def script_of(characters: Sequence[str], kanjivg: KanjiVG) -> Script:
    """Every character as KanjiVG has it, then other forms of some of them; raises InputError where it lacks one."""
    drawn = [kanjivg[character] for character in characters]
    points = [each.points(POINTS) @ np.array([1, 1j]) for each in drawn]
    names, groups = list(characters), [each.tree for each in drawn]
    for character, points_SK in zip(characters, points.copy(), strict=True):
        for other_SK in other_forms(character, points_SK):
            names.append(character)
            points.append(other_SK)
            groups.append(Group(character, "", "", "", tuple(range(len(other_SK))), ()))
    marks = [mark_strokes(name, len(strokes)) for name, strokes in zip(names, points, strict=True)]
    points_SK = np.concatenate(points)
    return Script(
        tuple(names),
        points_SK,
        np.repeat(np.arange(len(names)), [len(strokes) for strokes in points]),
        _unique_groups(groups, marks),
        np.concatenate(marks),
        hooks(points_SK),
    )


def choose_forms(script: Script, rng: np.random.Generator) -> Script:
    """Every character once, where it has several forms any of them."""
    forms: dict[str, list[int]] = {}
    for number, character in enumerate(script.characters):
        forms.setdefault(character, []).append(number)
    return script.take(
        [numbers[rng.integers(len(numbers))] if len(numbers) > 1 else numbers[0] for numbers in forms.values()]
    )


def mark_strokes(character: str, strokes: int) -> NDArray[np.bool_]:
    """Which strokes are a kana's voicing mark: always the last ones."""
    mark = normalize("NFD", character)[1:]
    count = MARK_STROKES[mark] if mark in KANA_MARKS else 0
    return np.arange(strokes) >= strokes - count


def hooks(points_SK: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Where a stroke's last sharp turn is, if what follows is short enough to be a hook."""
    steps_SK = np.diff(points_SK)
    turns_SK = np.abs(np.angle(steps_SK[:, HOOK_STEPS:] * steps_SK[:, :-HOOK_STEPS].conj()))
    along_K = (np.arange(turns_SK.shape[1]) + (HOOK_STEPS + 1) / 2) / (points_SK.shape[1] - 1)
    length_S = np.abs(steps_SK).sum(axis=1)
    is_hook_SK = (turns_SK > HOOK_TURN) & (along_K > HOOK_FROM) & (along_K < HOOK_TO)
    is_hook_SK &= (1 - along_K) * length_S[:, None] < HOOK_LONGEST
    sharpest_S = np.where(is_hook_SK, turns_SK, 0).argmax(axis=1)
    return np.where(is_hook_SK.any(axis=1), along_K[sharpest_S], 1.0)


def _unique_groups(trees: Sequence[Group], marks: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
    groups, first = [], 0
    for tree, mark_s in zip(trees, marks, strict=True):
        group_Ls = np.array([_groups(tree, mark_s, level) for level in range(1, LEVELS + 1)])
        groups.append(group_Ls + first)
        first += int(group_Ls.max()) + 1
    return np.concatenate(groups, axis=1)


def _groups(tree: Group, mark_s: NDArray[np.bool_], level: int) -> NDArray[np.int64]:
    """The number of every stroke's group at a level of the tree; 0 is what belongs to none, marks are one group."""
    group_s = np.zeros(len(tree.strokes), np.int64)
    nodes: tuple[Group, ...] = (tree,)
    for _ in range(level):
        nodes = tuple(child for node in nodes for child in node.named() or (node,))
    for number, node in enumerate((node for node in nodes if node is not tree), start=1):
        group_s[list(node.strokes)] = number
    group_s[mark_s] = group_s.max() + 1
    return group_s
