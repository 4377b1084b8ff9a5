"""The tables that are in git for others to use: where their rows lie, what their columns mean, under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass

MIT = "https://spdx.org/licenses/MIT.html"
CLASS_COLUMNS = {
    "label": "name of the class, in the order of the recogniser's scores",
    "code_points": "what the class stands for in Unicode, such as U+0628; several of a ligature, none of `other`",
    "form": "joining form (isol, init, medi, fina), or kind of character; empty where there is none",
    "members": "labels that fonts draw alike and that are one class",
    "lookalikes": "classes that have its shape in most fonts",
}


@dataclass(frozen=True)
class PublishedTable:
    """A table in git. ``place``: where its rows lie in a JSON file, as a JSON path; "" for a text file of lines.

    ``columns``: what each means; of rows that are no mappings there is one.
    """

    name: str
    file: str
    place: str
    about: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class PublishedTables:
    """Tables under one licence, its address, that one file describes."""

    name: str
    about: str
    licence: str
    languages: tuple[str, ...]
    tables: tuple[PublishedTable, ...]


def _classes(track: str, of: str) -> PublishedTable:
    about = f"One row: a class of the released recogniser of {of}."
    return PublishedTable(track, f"models/{track}/release/labels.json", "$.classes[*]", about, CLASS_COLUMNS)


DESCRIPTIONS = "models/zero_shot/release/descriptions/descriptions.json"
PUBLISHED_TABLES = (
    PublishedTables(
        "classes",
        "What the released recognisers can answer: classes of glyphs and characters, and tokens of lines.",
        MIT,
        ("ar", "ja", "km"),
        (
            _classes("arabic", "glyphs"),
            _classes("kanji", "Japanese characters"),
            _classes("zero_shot", "kanji never seen"),
            _classes("scan_lines", "scans that arrive line by line"),
            PublishedTable(
                "khmer",
                "models/khmer/release/labels.json",
                "$.charset[*]",
                "One row: a token of the released recogniser of Khmer lines.",
                {"token": "a character, or several, in the order of the recogniser's scores behind the blank"},
            ),
        ),
    ),
    PublishedTables(
        "khmer_words",
        "Khmer words and phrases of ICU's dictionary for line breaking, without frequencies; those with two vowels on "
        "one base are left out.",
        "https://spdx.org/licenses/Unicode-DFS-2016.html",
        ("km",),
        (
            PublishedTable(
                "words",
                "models/khmer/release/words.txt",
                "",
                "One row: a word or phrase, in the order of code points.",
                {"word": "in canonical spelling"},
            ),
        ),
    ),
    PublishedTables(
        "kanji_descriptions",
        "Names in the descriptions of kanji that come with the recogniser of kanji never seen, derived from KanjiVG, "
        "© Ulrich Apel; numbers of strokes are in descriptions.npz beside them.",
        "https://creativecommons.org/licenses/by-sa/3.0/",
        ("ja",),
        (
            PublishedTable(
                "described",
                DESCRIPTIONS,
                "$.characters[*]",
                "One row: a character or component that is described, in the order of descriptions.npz.",
                {"character": "the character, or the name of the component"},
            ),
            PublishedTable(
                "components",
                DESCRIPTIONS,
                "$.names[*]",
                "One row: a component that descriptions name.",
                {"component": "a character, or KanjiVG's name of a part that has no code point"},
            ),
            PublishedTable(
                "stroke_types",
                DESCRIPTIONS,
                "$.types[*]",
                "One row: a type of stroke.",
                {"type": "a sign of Unicode's block CJK Strokes; empty where KanjiVG names none"},
            ),
        ),
    ),
    PublishedTables(
        "edge_files",
        "What became of every conversion of a released recogniser for another runtime (docs/EDGE.md).",
        MIT,
        (),
        (
            PublishedTable(
                "conversions",
                "docs/EDGE.json",
                "$[*]",
                "One row: a recogniser, a runtime and a precision.",
                {
                    "recognizer": "the track",
                    "target": "the runtime's name",
                    "precision": "fp32 or int8",
                    "status": "passed, refused, failed, or unrun where only its source could be judged",
                    "reason": "why it was refused or failed",
                    "runtime": "package and version that ran the file",
                    "samples": "test samples that both files read",
                    "agreement": "share of them on which both files answer alike",
                    "right": "share that the converted file names right",
                    "released_right": "share that the released ONNX file names right",
                    "mb": "size of the converted file, 10^6 bytes",
                    "released_mb": "size of the released ONNX file, 10^6 bytes",
                    "ms": "milliseconds a sample by the converted file, on one core",
                    "released_ms": "milliseconds a sample by the released ONNX file, on one core",
                },
            ),
        ),
    ),
)
