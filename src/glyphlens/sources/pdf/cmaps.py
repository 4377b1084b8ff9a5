"""CMaps of PDF files: codes → text (ToUnicode) or codes → CIDs (Encoding), read and written.

ISO 32000-1, 9.7.5 and 9.10.3; Adobe Technical Notes 5014 and 5411.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pikepdf

from glyphlens.core.errors import InputError
from glyphlens.sources.pdf.document import spelled
from glyphlens.sources.pdf.glyph_numbers import name_text

OPERATORS = ("endcodespacerange", "endbfchar", "endbfrange", "endcidchar", "endcidrange", "usecmap")
END = "endcmap"
MAX_ENTRIES = 1 << 17  # twice as many as there are codes of two bytes
BLOCK = 100  # entries of one bfchar section at most


class CMapError(InputError):
    """A CMap that cannot be used; the message says why."""


@dataclass
class CMap:
    """``code_bytes``: the length of its codes, 0 where they differ; ``texts`` and ``cids`` by code."""

    code_bytes: int = 0
    texts: dict[int, str] = field(default_factory=dict)
    cids: dict[int, int] = field(default_factory=dict)


def parse_cmap(stream: pikepdf.Object) -> CMap:
    """What a CMap stream maps; raises CMapError where it cannot be read or builds on another one."""
    found = CMap()
    lengths: set[int] = set()
    try:
        for instruction in pikepdf.parse_content_stream(stream):
            operands, name = instruction.operands, bytes(instruction.operator).decode("latin-1")
            if name == END:  # what follows belongs to no map; some writers leave another one there
                break
            if name not in OPERATORS:
                continue
            if name == "usecmap":
                raise CMapError("it builds on another CMap")
            if name == "endcodespacerange":
                lengths |= {len(bytes(operand)) for operand in operands}
            else:
                _add(found, name, list(operands))
    except (pikepdf.PdfError, TypeError, ValueError, IndexError) as error:
        raise CMapError(f"it cannot be read ({error})") from error
    found.code_bytes = lengths.pop() if len(lengths) == 1 else 0
    return found


def format_cmap(texts: Mapping[int, str], code_bytes: int) -> str:
    """A ToUnicode CMap; codes in ascending order, texts in UTF-16BE, logical order.

    >>> print(format_cmap({3: "لا"}, 2).splitlines()[10])
    <0003> <06440627>
    """
    low, high = "00" * code_bytes, "FF" * code_bytes
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        f"<{low}> <{high}>",
        "endcodespacerange",
    ]
    entries = iter(sorted(texts.items()))
    while block := list(islice(entries, BLOCK)):
        lines.append(f"{len(block)} beginbfchar")
        lines += [f"<{code:0{2 * code_bytes}X}> <{text.encode('utf-16-be').hex().upper()}>" for code, text in block]
        lines.append("endbfchar")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines) + "\n"


def _add(cmap: CMap, section: str, operands: list[Any]) -> None:
    """The entries of one section; raises CMapError where there are too many."""
    width = 3 if section.endswith("range") else 2
    for place in range(0, len(operands) - width + 1, width):
        first, *last, value = operands[place : place + width]
        if not all(isinstance(each, pikepdf.String) for each in (first, *last)):
            raise TypeError("a code that is no string")
        begin = int.from_bytes(bytes(first), "big")
        count = int.from_bytes(bytes(last[0]), "big") - begin + 1 if last else 1
        if count + len(cmap.texts) + len(cmap.cids) > MAX_ENTRIES:
            raise CMapError(f"it has more than {MAX_ENTRIES:,} entries")
        if section.startswith("endcid"):
            cmap.cids |= {begin + step: int(value) + step for step in range(count)}
        else:
            cmap.texts |= dict(zip(range(begin, begin + count), _texts(value, count), strict=False))


def _texts(value: Any, count: int) -> Iterator[str]:
    """The texts of a range: listed one by one, or counted upwards in the last two bytes; that of a glyph's name."""
    if isinstance(value, pikepdf.Array):
        yield from (_text(bytes(entry)) for entry in list(value)[:count])
        return
    if isinstance(value, pikepdf.Name):
        yield name_text(spelled(value)[1:])
        return
    data = bytes(value)
    head, last, width = data[:-2], int.from_bytes(data[-2:], "big"), min(2, len(data))
    for step in range(count):
        yield _text(head + ((last + step) % (1 << 8 * width)).to_bytes(width, "big"))


def _text(data: bytes) -> str:
    """UTF-16BE; a single byte, which some writers use, is a code point."""
    return chr(data[0]) if len(data) == 1 else data.decode("utf-16-be", errors="replace")
