"""Read pages as text, as JSON and as hOCR (Breuel 2007, "The hOCR Microformat for OCR Workflow and Results", 1.2)."""

from collections.abc import Sequence
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

import orjson

from glyphlens import __version__
from glyphlens.commands.pages import PageLine, ReadPage
from glyphlens.core.errors import InputError
from glyphlens.inference.khmer_text import clusters
from glyphlens.inference.line_reader import ReadCluster
from glyphlens.inference.page import Box
from glyphlens.inference.words import ZERO_WIDTH_SPACE

PageFormat = Literal["text", "json", "hocr"]
SUFFIXES: dict[str, PageFormat] = {
    ".txt": "text", ".json": "json", ".hocr": "hocr", ".html": "hocr", ".xhtml": "hocr",
}  # fmt: skip
DIGITS = 4
CAPABILITIES = "ocr_page ocr_line ocrx_word ocrx_cinfo"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="km" lang="km">
<head>
<title></title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<meta name="ocr-system" content={system}/>
<meta name="ocr-capabilities" content="{capabilities}"/>
</head>
<body>
"""


def page_format(name: str, chosen: PageFormat | None) -> PageFormat:
    """The format asked for, else that of a file's suffix, else text; raises InputError where the two do not fit."""
    of_suffix = next((form for suffix, form in SUFFIXES.items() if name.lower().endswith(suffix)), None)
    if chosen is not None and of_suffix not in (None, chosen):
        raise InputError(f"{name}: which format? Its suffix says {of_suffix}, --format says {chosen}")
    if name and chosen is None and of_suffix is None:
        raise InputError(f"{name}: which format? Name the file {', '.join(SUFFIXES)}, or add --format")
    return chosen or of_suffix or "text"


def pages_as(form: PageFormat, pages: Sequence[ReadPage]) -> str:
    """All pages in one document."""
    return {"text": as_plain, "json": as_json, "hocr": as_hocr}[form](pages)


def as_plain(pages: Sequence[ReadPage]) -> str:
    """A line of text per line; where there are several pages, each below its name."""
    texts = ["".join(f"{line.text.text}\n" for line in page.lines) for page in pages]
    if len(pages) == 1:
        return texts[0]
    return "\n".join(f"==> {page.name} <==\n{text}" for page, text in zip(pages, texts, strict=True))


def as_json(pages: Sequence[ReadPage]) -> str:
    """A list of pages with lines, outlines, and clusters with the box and the confidence of each."""
    return orjson.dumps([_page(page) for page in pages], option=orjson.OPT_INDENT_2).decode() + "\n"


def as_hocr(pages: Sequence[ReadPage]) -> str:
    """An XHTML page with lines, words (what spaces part) and clusters."""
    system = quoteattr(f"glyphlens {__version__}")
    body = "".join(_hocr_page(page, number) for number, page in enumerate(pages))
    return HEAD.format(system=system, capabilities=CAPABILITIES) + body + "</body>\n</html>\n"


def _page(page: ReadPage) -> dict[str, Any]:
    height, width = page.grey_HW.shape
    return {
        "image": page.name,
        "width": width,
        "height": height,
        "note": page.note or None,
        "fault": page.fault or None,
        "lines": [_line(line) for line in page.lines],
    }


def _line(line: PageLine) -> dict[str, Any]:
    return {
        "text": line.text.text,
        "confidence": round(line.text.confidence, DIGITS),
        "box": list(line.image.box),
        "outline": [[round(x, 1), round(y, 1)] for x, y in line.image.outline],
        "angle": line.image.angle,
        "clusters": [
            {"text": each.text, "confidence": round(each.confidence, DIGITS), "box": list(_place(line, [each]))}
            for each in line.text.clusters
        ],
    }


def _place(line: PageLine, parts: Sequence[ReadCluster]) -> Box:
    return line.image.part(min(each.x0 for each in parts), max(each.x1 for each in parts))


def _hocr_page(page: ReadPage, number: int) -> str:
    height, width = page.grey_HW.shape
    title = quoteattr(f'image "{page.name}"; bbox 0 0 {width} {height}; ppageno {number}')
    lines = "".join(_hocr_line(line, f"{number + 1}_{place + 1}") for place, line in enumerate(page.lines))
    return f'<div class="ocr_page" id="page_{number + 1}" title={title}>\n{lines}</div>\n'


def _hocr_line(line: PageLine, name: str) -> str:
    words: list[list[ReadCluster]] = [[]]
    read = iter(line.text.clusters)
    for piece in clusters(line.text.text):
        each = None if piece == ZERO_WIDTH_SPACE else next(read)  # which was put in after reading
        if each is None or each.text.isspace():
            words.append([])
        else:
            words[-1].append(each)
    spans = " ".join(_hocr_word(line, word, f"{name}_{place + 1}") for place, word in enumerate(filter(None, words)))
    title = f"bbox {_numbers(line.image.box)}; x_wconf {100 * line.text.confidence:.0f}; textangle {-line.image.angle}"
    return f'<span class="ocr_line" id="line_{name}" title="{title}">{spans}</span>\n'


def _hocr_word(line: PageLine, word: Sequence[ReadCluster], name: str) -> str:
    least = min(each.confidence for each in word)
    title = f"bbox {_numbers(_place(line, word))}; x_wconf {100 * least:.0f}"
    characters = "".join(
        f'<span class="ocrx_cinfo" title="x_bboxes {_numbers(_place(line, [each]))}; '
        f'x_conf {100 * each.confidence:.0f}">{escape(each.text)}</span>'
        for each in word
    )
    return f'<span class="ocrx_word" id="word_{name}" title="{title}">{characters}</span>'


def _numbers(box: Box) -> str:
    return " ".join(map(str, box))
