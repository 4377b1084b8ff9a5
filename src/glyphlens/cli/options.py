"""Options and arguments that several commands share, and the values that they take."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.tracks import flagship, tracks

PANEL = "Glyphs and characters"
NAMES_WITH_A_DASH = ", or - for standard input; a name that begins with a dash stands behind --."
STANDARD_DESCRIPTOR = 1
STANDARD_INPUT = Path("/dev/stdin")


class FormatName(StrEnum):
    """Values of ``--format``."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class SplitName(StrEnum):
    """Values of ``--split``."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
    ALL = "all"


class InkName(StrEnum):
    """Values of ``--ink``."""

    AUTO = "auto"
    DARK = "dark"
    LIGHT = "light"


class LanguageName(StrEnum):
    """Values of ``--language``; ku is Sorani."""

    AR = "ar"
    FA = "fa"
    UR = "ur"
    UG = "ug"
    KU = "ku"
    PS = "ps"
    SD = "sd"


def named(path: str) -> Path:
    """A path that is given; an empty one would be the working folder."""
    if not str(path):
        raise typer.BadParameter("the name is empty; a variable without a value?")
    return Path(path)


def source(path: str) -> Path:
    """What to read; ``-`` is standard input."""
    return STANDARD_INPUT if str(path) == "-" else named(path)


def track_name(name: str) -> str:
    """The name of a track that there is."""
    if name not in tracks():
        raise typer.BadParameter(f"'{name}' is not one of {', '.join(tracks())}")
    return name


def destination(path: str) -> Path:
    """Where to write; ``-`` is standard output, and so is whatever leads to it (/dev/stdout, /dev/fd/1, a link)."""
    from glyphlens.core.storage import STANDARD_OUTPUT, open_descriptor

    is_standard = str(path) == "-" or open_descriptor(named(path)) == STANDARD_DESCRIPTOR
    return STANDARD_OUTPUT if is_standard else named(path)


Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", parser=destination, metavar="FILE",
        help="Write the answers here: .csv, .json or .parquet; - is standard output.",
    ),
]  # fmt: skip
Format = Annotated[FormatName | None, typer.Option("--format", "-f", help="Else the suffix of --output, else a table.")]
Sheet = Annotated[
    Path | None,
    typer.Option(parser=destination, metavar="FILE", help="PNG: every glyph with its label, code points, confidence."),
]
MODEL_HELP = f"A release ({', '.join(tracks())}), an .onnx file or its folder, or models:/<name>@<alias>"
Model = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="MODEL", help=f"{MODEL_HELP}; by default the release of {flagship().name}."),
]
TrackArgument = Annotated[
    str, typer.Argument(parser=track_name, metavar="TRACK", help=f"Whose released model: {', '.join(tracks())}.")
]
Language = Annotated[
    LanguageName | None,
    typer.Option(help="Of a text that the glyphs are from: characters that it does not need become less likely."),
]
Top = Annotated[int, typer.Option(min=1, help="How many answers to give for a glyph, best first.")]
CORES = os.cpu_count() or 1
Threads = Annotated[int, typer.Option(min=1, max=CORES, help="Processor cores for the network.")]
MaxPixels = Annotated[int, typer.Option(min=1, help="Pictures of more pixels (width × height) are not read.")]
Least = Annotated[
    float, typer.Option("--min-confidence", min=0, max=1, help="Leave out answers less certain than this.")
]
