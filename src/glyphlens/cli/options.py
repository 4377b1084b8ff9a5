"""Options and arguments that several commands share, and the values that they take."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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


class TrackName(StrEnum):
    """Values of ``TRACK``."""

    ARABIC = "arabic"
    KANJI = "kanji"


Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the answers here: .csv, .json or .parquet.")]
Format = Annotated[FormatName | None, typer.Option("--format", "-f", help="Else the suffix of --output, else a table.")]
Sheet = Annotated[Path | None, typer.Option(help="PNG: every glyph with its label, code points and confidence.")]
Model = Annotated[
    Path | None,
    typer.Option(help="Folder, .onnx file or models:/<name>@<alias>; the released Arabic model by default."),
]
TrackArgument = Annotated[TrackName, typer.Argument(help="Whose released model.")]
Top = Annotated[int, typer.Option(min=1, help="How many answers to give for a glyph, best first.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor cores for the network.")]
Least = Annotated[
    float, typer.Option("--min-confidence", min=0, max=1, help="Leave out answers less certain than this.")
]
CORES = os.cpu_count() or 1
