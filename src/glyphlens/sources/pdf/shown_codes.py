"""Which fonts a PDF's pages use, and the codes that are shown with each, in the order of the content."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pikepdf
from pikepdf import Name

GAP = -1  # stands for a gap between words, a new line or another font
WORD_GAP = -200  # thousandths of an em that the text moves on by itself
MAX_KEPT = 50_000  # codes in order; all are counted
OPERATORS = "q Q Tf Tj TJ ' \" Do gs Td TD T* Tm"
SHOWING, MOVING = ("Tj", "TJ", "'", '"'), ("Td", "TD", "T*", "Tm")
Key = tuple[int, int]  # number and generation of an object


@dataclass
class FontUse:
    """A font as it is used: strings as they are shown, cut at gaps; counted by ``counts`` where they repeat."""

    font: pikepdf.Object
    page: int
    strings: list[bytes | None] = field(default_factory=list)
    kept: int = 0
    further: Counter[bytes] = field(default_factory=Counter)

    def show(self, text: bytes) -> None:
        """A string that is shown."""
        if self.kept < MAX_KEPT:
            self.strings.append(text)
            self.kept += len(text)
        else:
            self.further[text] += 1

    def interrupt(self) -> None:
        """A gap, where it does not stand behind another one."""
        if self.strings and self.strings[-1] is not None:
            self.strings.append(None)


class _Walk:
    """All contents of a document in turn."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.pdf = pdf
        self.uses: dict[Key, FontUse] = {}
        self.visited: set[Key] = set()
        self.page = 0

    def content(self, stream: Any, resources: Any) -> None:
        """The text of a page or a form, whose own forms follow."""
        current: FontUse | None = None
        saved: list[FontUse | None] = []
        line = 0.0
        for instruction in pikepdf.parse_content_stream(stream, OPERATORS):
            operands, name = list(instruction.operands), bytes(instruction.operator).decode("latin-1")
            if name == "q":
                saved.append(current)
            elif name == "Q":
                current = saved.pop() if saved else None
            elif name == "Tf" and operands:
                current = self.use(_entry(resources, "/Font", operands[0]), current)
            elif name == "gs" and operands:
                listed = _get(_entry(resources, "/ExtGState", operands[0]), "/Font")
                current = self.use(listed[0], current) if isinstance(listed, pikepdf.Array) and len(listed) else current
            elif name == "Do" and operands:
                self.form(_entry(resources, "/XObject", operands[0]), resources)
            elif name in MOVING:
                line, before = _line(name, operands, line), line
                if current is not None and line != before:
                    current.interrupt()
            elif current is not None and name in SHOWING and operands:
                _show(current, operands[-1])

    def use(self, font: Any, before: FontUse | None) -> FontUse | None:
        """The use of a font from here on."""
        if not isinstance(font, pikepdf.Dictionary):
            return None
        known = self.uses.setdefault(font.objgen, FontUse(font, self.page))
        if known is not before:
            known.interrupt()
        return known

    def form(self, stream: Any, resources: Any) -> None:
        """A form or pattern, once."""
        if not isinstance(stream, pikepdf.Stream) or stream.objgen in self.visited:
            return
        if stream.get("/Subtype") == Name.Image:
            return
        self.visited.add(stream.objgen)
        own = stream.get("/Resources", resources)
        self.prepare(own)
        self.content(stream, own)

    def prepare(self, resources: Any) -> None:
        """Give fonts that stand within their resources a number of their own, and read the patterns."""
        fonts = _get(resources, "/Font")
        for name in list(fonts.keys()) if isinstance(fonts, pikepdf.Dictionary) else []:
            if isinstance(fonts[name], pikepdf.Dictionary) and not fonts[name].is_indirect:
                fonts[name] = self.pdf.make_indirect(fonts[name])
        patterns = _get(resources, "/Pattern")
        for name in list(patterns.keys()) if isinstance(patterns, pikepdf.Dictionary) else []:
            self.form(patterns[name], resources)


def fonts_in_use(pdf: pikepdf.Pdf) -> list[FontUse]:
    """Every font with which a page shows text, in the order of first use; the same order each time.

    Text of pages, of the forms and patterns on them, and of annotations counts.
    """
    walk = _Walk(pdf)
    for number, page in enumerate(pdf.pages, start=1):
        walk.page = number
        resources = page.obj.get("/Resources", pikepdf.Dictionary())
        walk.prepare(resources)
        walk.content(page, resources)
        for use in walk.uses.values():
            use.interrupt()
        for appearance in _appearances(page.obj):
            walk.form(appearance, resources)
    return list(walk.uses.values())


def codes_of(strings: Iterable[bytes | None], code_bytes: int) -> Iterator[int]:
    """Codes and gaps; what is left over at a string's end is no code."""
    for text in strings:
        if text is None:
            yield GAP
        else:
            for place in range(0, len(text) - code_bytes + 1, code_bytes):
                yield int.from_bytes(text[place : place + code_bytes], "big")


def _show(use: FontUse, shown: Any) -> None:
    if isinstance(shown, pikepdf.String):
        use.show(bytes(shown))
        return
    for part in shown if isinstance(shown, pikepdf.Array) else ():
        if isinstance(part, pikepdf.String):
            use.show(bytes(part))
        elif _number(part) < WORD_GAP:
            use.interrupt()


def _line(name: str, operands: Sequence[Any], before: float) -> float:
    """Where the line stands after a move, told apart from where it stood before; only that it changes matters."""
    if name == "T*":
        return before + 1.0
    height = _number(operands[-1]) if operands else 0.0
    return height if name == "Tm" else before + height


def _number(operand: Any) -> float:
    """An operand; 0 where it is none, which readers pass over too."""
    return float(operand) if isinstance(operand, int | float | Decimal) else 0.0


def _appearances(page: pikepdf.Object) -> Iterator[Any]:
    annotations = page.get("/Annots")
    for annotation in annotations if isinstance(annotations, pikepdf.Array) else ():
        normal = _get(_get(annotation, "/AP"), "/N")
        if isinstance(normal, pikepdf.Dictionary):
            yield from (normal[state] for state in normal.keys())  # noqa: SIM118 — no dict
        else:
            yield normal


def _entry(resources: Any, kind: str, name: Any) -> Any:
    return _get(_get(resources, kind), name) if isinstance(name, pikepdf.Name) else None


def _get(dictionary: Any, key: str | pikepdf.Name) -> Any:
    """An entry; None where it is missing, or there is no dictionary."""
    return dictionary.get(key) if isinstance(dictionary, pikepdf.Dictionary | pikepdf.Stream) else None
