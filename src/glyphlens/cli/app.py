"""The Typer application that the commands add themselves to."""

import typer

app = typer.Typer(
    help="Says by shape alone which Arabic letter, form, mark or ligature, or which Japanese character, is shown.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    epilog="[bold]Exit status[/bold]   0: done, and what was checked holds   ·   1: the answer is no, or a file could "
    "not be used and the others were   ·   2: it could not be done",
)
