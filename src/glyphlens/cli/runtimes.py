"""The command about files for other runtimes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import named, track_name
from glyphlens.cli.review import PANEL


class TargetName(StrEnum):
    """Values of ``--target``."""

    OPENVINO = "openvino"
    LITERT = "litert"
    COREML = "coreml"


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens edge arabic --target openvino   ·   glyphlens edge --page docs/EDGE.md",
)
def edge(
    releases: Annotated[
        list[str] | None,
        typer.Argument(parser=track_name, metavar="TRACKS", help="Whose released models; else all that can be."),
    ] = None,
    target: Annotated[
        list[TargetName] | None, typer.Option(help="Runtime; may be given several times, else all.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", parser=named, metavar="FOLDER", help="Where the files go.")
    ] = Path("models/edge"),
    page: Annotated[
        Path | None, typer.Option(parser=named, metavar="FILE", help="Write the table into this Markdown page too.")
    ] = None,
) -> None:
    """Convert released models for phones and other runtimes: OpenVINO, LiteRT, Core ML.

    Each target has an environment of its own below .edge, made from edge/<target>.lock when it is first asked for. A
    file is kept where it decides as the released ONNX file does (section edge of params.yaml), on samples of the test
    split run by its own runtime; Core ML files run on Apple's systems only, so what they are made from is judged. The
    exit status is 1 where one was refused or could not be converted.
    """
    from glyphlens.commands.edge import run_edge

    raise typer.Exit(run_edge(releases or [], [each.value for each in target or []], output, page))
