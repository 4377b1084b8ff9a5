"""How far `glyphlens identify` agrees with the fonts' own character maps, by script, and what it refuses.

    python -m benchmarks.font_maps [--model RELEASE] [--alone] [--language ar] FONT_OR_FOLDER …

``right``: the class is one that the map leads to, as `--check` counts it; ``exact``: so is the code point; ``refused``:
the answer is `other`. Glyphs that the map gives to characters without a class (CJK, icons, letters of other scripts)
and `.notdef` are to be refused: their ``refused`` is what it should be.
"""

import argparse
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from glyphlens.commands.answers import Row
from glyphlens.commands.check import NOT_A_CLASS, OTHER_CODE_POINT, YES
from glyphlens.commands.face_pictures import FONT_SUFFIXES, open_font
from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.inputs import find_inputs, name_bad
from glyphlens.commands.model import open_model
from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.arabic_script import makes_glyph
from glyphlens.sources.companion_scripts import OTHER, companion_script, script_of_label
from glyphlens.sources.companion_scripts import companion_characters as known_characters

ARABIC, NOTDEF = "arabic", ".notdef"
KINDS = {"Co": "private use", "So": "symbol"}  # by category; of letters, their script
LETTERS = ("Lo", "Lu", "Ll", *KINDS)


class Outcome(NamedTuple):
    """A glyph: what it is by its font's map, and whether the answer is right, exact, refused."""

    kind: str
    is_known: bool
    right: bool
    exact: bool
    refused: bool


def outcomes(rows: list[Row], face: FontFace) -> Iterator[Outcome]:
    """One for each drawn glyph of a face that is known, or is to be refused, by the map."""
    foreign = foreign_glyphs(face)
    for row in rows:
        verdict, gid, is_refused = row["agrees"], row["gid"], row["label"] == OTHER
        if row["fault"] or verdict == NOT_A_CLASS:
            continue
        if verdict:
            kind = script_of_label(row["expected"].split(" | ")[0]) or ARABIC
            yield Outcome(kind, True, verdict in (YES, OTHER_CODE_POINT), verdict == YES, is_refused)
        elif gid == 0 or gid in foreign:
            yield Outcome(foreign.get(gid, NOTDEF), False, is_refused, is_refused, is_refused)


def foreign_glyphs(face: FontFace) -> dict[int, str]:
    """{glyph number: kind} of characters of a script that has no classes: the first word of a letter's name, symbol, or
    private use."""
    known = set(known_characters())
    found: dict[int, str] = {}
    for code in sorted(face.code_points()):
        character = chr(code)
        is_known = code in known or makes_glyph(code) or companion_script(code) not in ("", "common")
        if not is_known and unicodedata.category(character) in LETTERS:
            word = unicodedata.name(character, "?").split()[0].lower()
            found[face.glyph(code)] = KINDS.get(unicodedata.category(character), word)
    return found


def main() -> int:
    """Print the table; the exit status is that of `identify`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", nargs="+", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--language")
    asked = parser.parse_args()
    recognizer, inputs = open_model(asked.model, threads=1), find_inputs(asked.fonts, FONT_SUFFIXES)
    found: list[Outcome] = []
    problems = list(inputs.problems)
    for path in inputs.files:
        answers = identify_fonts([path], recognizer, check=True, language=asked.language, alone=asked.alone)
        problems += answers.problems
        for face, answered in zip(open_font(path) if answers.faces else [], answers.faces, strict=True):
            found += outcomes(answered.table.to_dict("records"), face)
    table = pd.DataFrame(found, columns=Outcome._fields)
    shown = table.groupby(["is_known", "kind"]).agg(
        glyphs=("right", "size"), right=("right", "mean"), exact=("exact", "mean"), refused=("refused", "mean")
    )
    print(shown.sort_values(["is_known", "glyphs"], ascending=False).round(4).to_string())
    return name_bad(problems, is_any_answered=bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
