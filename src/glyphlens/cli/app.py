"""The Typer application that the commands add themselves to."""

from typing import Annotated

import typer

from glyphlens import __version__

HELP = "Says by shape alone which Arabic letter, form, mark or ligature, or which Japanese character, is shown."

EXIT_STATUS = (
    "[bold]Exit status[/bold]   0: done, and what was checked holds   ·   1: the answer is no, or a file could "
    "not be used and the others were   ·   2: it could not be done"
)

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"glyphlens {__version__}")
        raise typer.Exit


@app.callback(help=HELP, epilog=EXIT_STATUS)
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Options of glyphlens itself."""
