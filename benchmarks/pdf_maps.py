"""Share of the shown characters that `glyphlens fix` gets right where a PDF's own map to text is taken away.

    python -m benchmarks.pdf_maps book.pdf article.pdf …

The truth is the PDF's own ToUnicode map, in letters (no presentation forms); only codes that it maps to Arabic script
count. ``exact``: the same letters; ``shape``: letters that look the same count too. A font that is not taken for
Arabic stays without a map, so its characters count as not written. ``touched``: characters of fonts of other scripts
that would be mapped to Arabic letters.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from glyphlens.commands.class_texts import folded, is_arabic, plain_letters
from glyphlens.commands.model import open_model
from glyphlens.commands.pdf_judgement import judge_font
from glyphlens.commands.pdf_readings import ReadFont, read_fonts
from glyphlens.core.errors import InputError
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.pdf.fonts import PdfFont, read_pdf_fonts

LEAST = 0.5


def stripped(font: PdfFont) -> PdfFont:
    """The font without its map and without the glyph names that would do."""
    return replace(font, texts={}, named={}, has_map=False)


def font_scores(read: ReadFont, least: float = LEAST) -> dict[str, object]:
    """Counts of shown characters of one font that is mapped: all, arabic, exact, shape, wrong, touched."""
    font = read.font
    decisions = judge_font(read._replace(font=stripped(font)), least).decisions
    scores = dict.fromkeys(("all", "arabic", "exact", "shape", "wrong", "touched"), 0)
    for one in decisions:
        truth = plain_letters(font.texts.get(one.code, ""))
        scores["all"] += one.shown
        if not is_arabic(truth):
            scores["touched"] += one.shown * bool(is_arabic(one.becomes))
            continue
        scores["arabic"] += one.shown
        is_exact = folded(one.becomes) == folded(truth)
        is_alike = bool(one.becomes) and folded(truth) in read.readings[one.code].same
        scores["exact"] += one.shown * is_exact
        scores["shape"] += one.shown * (is_exact or is_alike)
        scores["wrong"] += one.shown * (bool(one.becomes) and not is_exact)
    return {"font": font.name, **scores}


def pdf_scores(path: Path, recognizer: Recognizer) -> pd.DataFrame:
    """One row for each font of a PDF that has a map and could be drawn."""
    reads = read_fonts(read_pdf_fonts(path), recognizer)
    rows = [font_scores(read) for read in reads if read.font.has_map and read.font.texts and not read.fault]
    return pd.DataFrame(rows).assign(pdf=path.name)


def main(paths: list[str]) -> None:
    """Print the shares per PDF and over all."""
    recognizer = open_model(None, threads=1)
    parts = []
    for path in map(Path, paths):
        try:
            parts.append(pdf_scores(path, recognizer))
        except InputError as error:
            print(error, file=sys.stderr)
    if not any(map(len, parts)):
        sys.exit("no PDF has a font with a map")
    fonts = pd.concat([part for part in parts if len(part)], ignore_index=True)
    counts = fonts.groupby("pdf", sort=False)[["all", "arabic", "exact", "shape", "wrong", "touched"]].sum()
    counts.loc["all"] = counts.sum()
    for name in ("exact", "shape", "wrong"):
        counts[name] = (counts[name] / counts["arabic"].where(counts["arabic"] > 0)).round(4)
    print(counts.to_string())


if __name__ == "__main__":
    main(sys.argv[1:])
