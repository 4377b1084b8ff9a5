"""The command that reads lines of text."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.characters import NAMES_WITH_A_DASH, PANEL
from glyphlens.cli.options import CORES, MODEL_HELP, Least, MaxPixels, Threads, destination, named, source
from glyphlens.tracks import line_track


class PageFormatName(StrEnum):
    """Values of ``--format``."""

    TEXT = "text"
    JSON = "json"
    HOCR = "hocr"


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens read page.png   ·   glyphlens read scan.tif -o scan.hocr   ·   "
    "glyphlens read photos/ -f json --sheet read.png   ·   glyphlens read --sample 20 --sheet samples.png   ·   "
    "glyphlens read page.jpg --zwsp",
)
def read(
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            parser=source,
            metavar="IMAGES",
            help=f"Pictures of a line or of pages of Khmer print (png jpg tif gif webp bmp ppm), folders"
            f"{NAMES_WITH_A_DASH}",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", parser=destination, metavar="FILE",
            help="Write the text here: .txt, .json or .hocr; - is standard output.",
        ),
    ] = None,
    format: Annotated[
        PageFormatName | None,
        typer.Option("--format", "-f", help="Else the suffix of --output, else text."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(parser=destination, metavar="FILE", help="PNG: the pages, lines framed, with what was read."),
    ] = None,
    sample: Annotated[int, typer.Option(min=0, metavar="N", help="Draw so many lines, and read them.")] = 0,
    zwsp: Annotated[
        bool, typer.Option("--zwsp", help="Put zero-width spaces between words, by the list beside the model.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            parser=named, metavar="MODEL", help=f"{MODEL_HELP}; by default the release of {line_track().name}."
        ),
    ] = None,
    min_confidence: Least = 0.0,
    max_pixels: MaxPixels = 64_000_000,
    threads: Threads = CORES,
) -> None:  # fmt: skip
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
