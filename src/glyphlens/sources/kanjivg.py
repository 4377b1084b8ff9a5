"""KanjiVG as its wheel holds it: strokes in writing order, stroke types and the component tree of a character.

KanjiVG is copyright Ulrich Apel, licence CC BY-SA 3.0, https://kanjivg.tagaini.net; its format:
https://kanjivg.tagaini.net/svg-format.html.

S strokes · K points along a stroke · 2 coordinates (x right, y down, 0..1 of the drawing's square)
"""

import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP
from glyphlens.imaging.stroke_paths import resample, stroke_line

WHEEL = "kanjivg-*.whl"
SQUARE = 109  # side of every drawing, SVG units
HELP = "run `dvc repro strokes`"


@dataclass(frozen=True)
class Group:
    """A node of the component tree; ``strokes`` are the numbers of all strokes below it, from 0, in writing order.

    ``element`` is "" where the group has no name of its own; ``part`` tells the pieces of a divided component apart.
    """

    element: str
    position: str
    part: str
    number: str
    strokes: tuple[int, ...]
    children: tuple["Group", ...]

    def named(self) -> tuple["Group", ...]:
        """The nearest groups below that have a name."""
        return tuple(group for child in self.children for group in ((child,) if child.element else child.named()))

    def leaves(self) -> tuple["Group", ...]:
        """The smallest named groups that hold no stroke beside named groups; this one alone where it is such a one.

        木 is one although a 丨 is marked in it. A divided component (``part``) is not looked into.
        """
        below = self.named()
        covered = sum(len(group.strokes) for group in below)
        if self.part or covered < len(self.strokes):
            return (self,)
        return tuple(leaf for group in below for leaf in group.leaves())


@dataclass(frozen=True)
class StrokeCharacter:
    """One character: ``paths`` are its strokes as SVG path data, ``types`` their types ("㇐"; "" for kana)."""

    character: str
    paths: tuple[str, ...]
    types: tuple[str, ...]
    tree: Group

    def points(self, points: int) -> NDArray[np.float64]:
        """(S, K, 2) every stroke as ``points`` points spaced equally along it."""
        try:
            return np.stack([resample(line, points) for line in self._lines]) / SQUARE
        except InputError as error:
            raise InputError(f"KanjiVG, '{self.character}': {error}") from error

    @cached_property
    def _lines(self) -> list[NDArray[np.float64]]:
        return [stroke_line(path) for path in self.paths]


class KanjiVG:
    """The characters of one wheel, read when asked for and kept."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._names = set(archive.namelist())
        self._read: dict[str, StrokeCharacter] = {}

    @classmethod
    def open(cls, folder: Path) -> "KanjiVG":
        """The one wheel in ``folder``; raises InputError where there is none, more than one, or a broken one."""
        wheels = sorted(folder.glob(WHEEL))
        if len(wheels) != 1:
            found = ", ".join(wheel.name for wheel in wheels) or "none"
            raise InputError(f"{folder / WHEEL}: one file expected, found {found}; {HELP}")
        try:
            return cls(wheels[0], zipfile.ZipFile(wheels[0]))
        except BROKEN_ZIP as error:
            raise InputError(f"{wheels[0]}: not a readable wheel ({error}); {HELP}") from error

    def __contains__(self, character: str) -> bool:
        return len(character) == 1 and _member(character) in self._names

    def __getitem__(self, character: str) -> StrokeCharacter:
        """Raises InputError where KanjiVG has no drawing of the character."""
        if character not in self._read:
            if character not in self:
                codes = " ".join(f"U+{ord(letter):04X}" for letter in character)
                raise InputError(f"'{character}' ({codes}): KanjiVG has no strokes for it ({self.path.name})")
            self._read[character] = self._parse(character)
        return self._read[character]

    def _parse(self, character: str) -> StrokeCharacter:
        try:
            content = self._archive.read(_member(character))
        except BROKEN_ZIP as error:
            raise InputError(f"{self.path}, {_member(character)}: not readable ({error}); {HELP}") from error
        try:
            return replace(parse_drawing(content), character=character)
        except InputError as error:
            raise InputError(f"{self.path}, {_member(character)}: {error}; {HELP}") from error


def parse_drawing(content: bytes) -> StrokeCharacter:
    """One SVG file of KanjiVG; its character is the name of the outermost group, "" where that has none.

    Raises InputError where it is none.
    """
    paths: list[tuple[str, str]] = []
    try:
        root = ElementTree.fromstring(content)
        # a group of strokes and one of their numbers; the first holds one group, the character
        tree = _group(root[0][0], paths)
    except (ElementTree.ParseError, LookupError, ValueError, RecursionError) as error:
        raise InputError(f"not readable ({error})") from error
    if not paths:
        raise InputError("no stroke in it")
    return StrokeCharacter(tree.element, tuple(path for path, _ in paths), tuple(name for _, name in paths), tree)


def _member(character: str) -> str:
    return f"kanji/{ord(character):05x}.svg"


def _group(node: ElementTree.Element, paths: list[tuple[str, str]]) -> Group:
    """The node's group; its strokes are appended to ``paths`` as (path data, type)."""
    first, children = len(paths), []
    for child in node:
        if child.tag.endswith("}path"):
            paths.append((child.attrib["d"], _fact(child, "type")))
        else:
            children.append(_group(child, paths))
    element, position, part, number = (_fact(node, name) for name in ("element", "position", "part", "number"))
    return Group(element, position, part, number, tuple(range(first, len(paths))), tuple(children))


def _fact(node: ElementTree.Element, name: str) -> str:
    """An attribute of KanjiVG's own namespace, whose address differs between the files and their DTD."""
    return next((value for key, value in node.attrib.items() if key.endswith(f"}}{name}") and "kanjivg" in key), "")
