"""Commands about lines: pictures that arrive line by line, and lines of text."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import (
    CORES,
    MODEL_HELP,
    NAMES_WITH_A_DASH,
    PANEL,
    STANDARD_INPUT,
    InkName,
    Least,
    MaxPixels,
    Threads,
    Top,
    destination,
    named,
    source,
)
from glyphlens.tracks import line_track


class LineFormat(StrEnum):
    """Values of ``--input``."""

    TEXT = "text"
    FLOAT32 = "float32"


class PageFormatName(StrEnum):
    """Values of ``--format``."""

    TEXT = "text"
    JSON = "json"
    HOCR = "hocr"


Scans = Annotated[
    list[Path],
    typer.Argument(
        parser=source,
        metavar="IMAGES",
        help="Pictures or arrays (.npy .npz) to replay line by line, folders; or - for lines as they arrive.",
    ),
]
Scanner = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="MODEL", help="A release, an .onnx file or its folder; else the released."),
]
Rule = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="FILE", help="When to stop; else the stopping.json beside the model."),
]
Picture = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="FILE", help=".png: the scan and its answers. .gif: as they arrive."),
]
Pages = Annotated[
    list[Path] | None,
    typer.Argument(
        parser=source,
        metavar="IMAGES",
        help=f"Pictures of lines or pages of Khmer print (png jpg tif gif webp bmp ppm), folders{NAMES_WITH_A_DASH}",
    ),
]
Text = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", parser=destination, metavar="FILE",
        help="Write the text here: .txt, .json or .hocr; - is standard output.",
    ),
]  # fmt: skip
PageFormat = Annotated[
    PageFormatName | None, typer.Option("--format", "-f", help="Else the suffix of --output, else text.")
]
PageSheet = Annotated[
    Path | None,
    typer.Option(parser=destination, metavar="FILE", help="PNG: the pages, lines framed, with what was read."),
]
Reader = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="MODEL", help=f"{MODEL_HELP}; by default the release of {line_track().name}."),
]


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens scan a.png   ·   glyphlens scan a.png --picture a.gif   ·   "
    "scanner | glyphlens scan -   ·   scanner | glyphlens scan - --input float32 --all",
)
def scan(
    images: Scans,
    model: Scanner = None,
    rule: Rule = None,
    picture: Picture = None,
    input: Annotated[LineFormat, typer.Option(help="How lines arrive on standard input.")] = LineFormat.TEXT,
    every: Annotated[bool, typer.Option("--all", help="Read standard input to the last line, stopped or not.")] = False,
    attention: Annotated[
        bool, typer.Option("--attention", help="In the picture, tint the lines that each answer rests on.")
    ] = False,
    ink: Annotated[
        InkName, typer.Option(help="Whether the character is dark or light; auto asks the border.")
    ] = InkName.AUTO,
    top: Top = 3,
    threads: Threads = 1,
) -> None:
    """Name a picture while it arrives, an answer after every line, and stop once the model is sure enough.

    With - lines of numbers (nan: missing) or of float32 bytes are read from standard input, and every line is answered
    by a line of JSON at once; the last says how it ended: stopped, whole, or early where the input ended first (exit
    status 1). Where all lines so far are missing or of one value, an answer says nothing: it is marked blank, and
    nothing is stopped (exit status 1 at the end). How often stopping may cost the right answer, and for whom that was
    tested, is in stopping.json.

    --attention tints, in the picture, each line by how much the answer would lose if the line were missing.
    """
    if STANDARD_INPUT in images:
        _check_stream(is_alone=len(images) == 1 and picture is None and not attention, ink=ink)
        from glyphlens.commands.scan import float_lines, open_scanner, run_scan_stream, text_lines

        recognizer, known = open_scanner(model, rule, threads)
        arriving = float_lines if input is LineFormat.FLOAT32 else text_lines
        lines = arriving(sys.stdin.buffer, recognizer.samples)
        raise typer.Exit(run_scan_stream(recognizer, known, lines, top, whole=every))
    if every or input is not LineFormat.TEXT:
        raise typer.BadParameter("--all and --input are for standard input, -")
    if attention and picture is None:
        raise typer.BadParameter("--attention is drawn in a picture; add --picture FILE")
    from glyphlens.commands.scan_replay import run_scan_replay

    raise typer.Exit(run_scan_replay(images, model, rule, picture, top, ink.value, threads, attention=attention))


def _check_stream(*, is_alone: bool, ink: InkName) -> None:
    if not is_alone:
        raise typer.BadParameter("- stands alone, and without --picture or --attention")
    if ink is not InkName.AUTO:
        raise typer.BadParameter("--ink is for pictures; the numbers of - are read as they come")
    if sys.stdin is None:
        raise typer.BadParameter("standard input is closed")


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens read page.png   ·   glyphlens read scan.tif -o scan.hocr   ·   "
    "glyphlens read photos/ -f json --sheet read.png   ·   glyphlens read --sample 20 --sheet samples.png   ·   "
    "glyphlens read page.jpg --zwsp",
)
def read(
    images: Pages = None,
    output: Text = None,
    format: PageFormat = None,
    sheet: PageSheet = None,
    sample: Annotated[int, typer.Option(min=0, metavar="N", help="Read so many lines of the drawn test lines.")] = 0,
    zwsp: Annotated[
        bool, typer.Option("--zwsp", help="Put zero-width spaces between words, by the list beside the model.")
    ] = False,
    model: Reader = None,
    min_confidence: Least = 0.0,
    max_pixels: MaxPixels = 64_000_000,
    threads: Threads = CORES,
) -> None:
    """Read printed Khmer: pictures of a line or of pages, straight or a little askew, dark on light or light on dark.

    The text is in canonical order (SIL's), lines in reading order, columns one after the other; pages that are upside
    down are turned. Further pages of a file are called file#2 and on; where there are several pages, each stands below
    its name. JSON and hOCR have boxes and confidences, of lines and of clusters. The exit status is 1 where some
    pictures could not be used; where none could, it is 2 and nothing is written.
    """
    from glyphlens.commands.read import ReadWanted, run_read

    wanted = ReadWanted(
        output, format.value if format else None, sheet, model, min_confidence, zwsp, max_pixels, threads
    )
    raise typer.Exit(run_read(images or [], sample, wanted))
