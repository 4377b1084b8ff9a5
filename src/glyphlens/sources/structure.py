"""What the classes of a kanji set are made of: components in writing order, shared between similar characters."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.sources.kanjivg import KanjiVG, StrokeCharacter

STRUCTURE = "structure.json"
# combining marks of voiced kana → the marks by themselves
KANA_MARKS = {"\u3099": "゛", "\u309a": "゜"}


@dataclass(frozen=True)
class Structure:
    """``components``: every component once, sorted; ``sequences``: per class (in class order) their numbers."""

    components: tuple[str, ...]
    sequences: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, characters: Sequence[str], kanjivg: KanjiVG) -> "Structure":
        """The structure of the classes ``characters``; one that KanjiVG does not know is its own component.

        Characters of the same components (犬, 太) also have themselves as their last one, so that no two are alike.
        """
        named = [components_of(character, kanjivg) for character in characters]
        often = Counter(named)
        named = [
            (*names, character) if often[names] > 1 else names
            for character, names in zip(characters, named, strict=True)
        ]
        components = tuple(sorted({name for names in named for name in names}))
        number = {name: position for position, name in enumerate(components)}
        return cls(components, tuple(tuple(number[name] for name in names) for names in named))

    def save(self, folder: Path) -> None:
        """Write ``structure.json``."""
        content = {"components": list(self.components), "sequences": [list(sequence) for sequence in self.sequences]}
        save_json(folder / STRUCTURE, content)

    @classmethod
    def load(cls, folder: Path) -> "Structure":
        """Read ``structure.json``; raises InputError where it is missing, or a number has no component."""
        path = folder / STRUCTURE
        content = load_json(path)
        try:
            components = tuple(str(name) for name in content["components"])
            sequences = tuple(tuple(int(number) for number in sequence) for sequence in content["sequences"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: no `components` and `sequences` in it ({error}); run `dvc repro` again"
            ) from error
        for position, sequence in enumerate(sequences):
            if not sequence or not all(0 <= number < len(components) for number in sequence):
                raise InputError(f"{path}: class {position} has the components {sequence} of {len(components)}")
        return cls(components, sequences)


def components_of(character: str, kanjivg: KanjiVG) -> tuple[str, ...]:
    """Names of a character's components in writing order.

    They are the smallest named groups of KanjiVG whose strokes all belong to named groups, a divided one once. Where
    such groups make up most of the character, its other strokes are named by their types (本 is 木 and ㇐), else it is
    its own component. Voiced kana are their base and the mark.
    """
    base, *marks = list(unicodedata.normalize("NFD", character))
    if marks and all(mark in KANA_MARKS for mark in marks):
        return (base, *(KANA_MARKS[mark] for mark in marks))
    if character not in kanjivg:
        return (character,)
    return tuple(name for name, _ in drawn_components(kanjivg[character]))


def drawn_components(drawn: StrokeCharacter) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name and stroke numbers of each component of a drawing, in writing order: those of ``components_of``.

    Every stroke belongs to one component.
    """
    leaves = tuple(leaf for group in drawn.tree.named() for leaf in group.leaves())
    if 2 * sum(len(leaf.strokes) for leaf in leaves) <= len(drawn.paths):
        return ((drawn.character, tuple(range(len(drawn.paths)))),)
    owner = {stroke: leaf for leaf in leaves for stroke in leaf.strokes}
    found: dict[tuple[str, ...], tuple[str, list[int]]] = {}
    for stroke, kind in enumerate(drawn.types):
        leaf = owner.get(stroke)
        key: tuple[str, ...] = ("stroke", str(stroke))
        name = kind.split("/")[0] or drawn.character
        if leaf is not None:
            name = leaf.element
            key = (name, "part", leaf.number) if leaf.part else (name, str(leaf.strokes[0]))
        found.setdefault(key, (name, []))[1].append(stroke)
    return tuple((name, tuple(strokes)) for name, strokes in found.values())
