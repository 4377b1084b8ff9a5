"""Commands about the repository: what a change moved, whether dvc.lock fits, whether objects are whole."""

from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import destination, named

PANEL = "This repository"


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens compare main   ·   glyphlens compare v1.0 HEAD   ·   "
    "glyphlens compare HEAD~1 HEAD -o comparison.md",
)
def compare(
    before: Annotated[str, typer.Argument(metavar="REV", help="Branch, tag or commit to compare with.")],
    after: Annotated[str | None, typer.Argument(metavar="REV2", help="Another one; else the workspace.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", parser=destination, metavar="FILE", help="Write the Markdown here.")
    ] = None,
) -> None:
    """Say in Markdown what a change moved: metrics, gates, sizes, latencies, parameters, and which stages ran.

    It reads what git has and no data. The exit status is 0 where every limit of params.yaml (section compare) is kept,
    1 where a guarded metric got worse by more than its limit, is gone or is no number, and 2 where nothing could be
    compared, for example because a revision is unknown.
    """
    from glyphlens.commands.compare import run_compare

    raise typer.Exit(run_compare(before, after, output))


@app.command(rich_help_panel=PANEL)
def drift() -> None:
    """Say where dvc.lock no longer fits dvc.yaml, the code, params.yaml or the metrics in git.

    It needs no data. The exit status is 1 where a stage has to run again.
    """
    from glyphlens.commands.drift import run_drift

    raise typer.Exit(run_drift())


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens verify   ·   glyphlens verify /srv/dvc-remote --remove",
)
def verify(
    store: Annotated[
        Path | None,
        typer.Argument(parser=named, metavar="FOLDER", help="Folder of a DVC cache or remote; else this one's cache."),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete damaged objects, so that DVC replaces them.")
    ] = False,
) -> None:
    """Say which objects of a DVC cache or remote are damaged, and which outputs they belong to.

    DVC itself hashes an object when it comes, and trusts it from then on. The exit status is 1 where one is damaged.
    """
    from glyphlens.commands.verify import run_verify

    raise typer.Exit(run_verify(store, remove=remove))
