"""Commands about trainings: their curves, sweeps, runs in MLflow, and which model is in use."""

from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import TrackArgument, destination, named

PANEL = "Trainings and models"
QueueFiles = Annotated[
    list[Path] | None,
    typer.Argument(parser=named, metavar="[QUEUES]...", help="Files of experiments/; else all of them."),
]


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens history models/kanji/*/curves -o all.png   ·   glyphlens history "
    "training_history.json -o history.png --dpi 300   ·   glyphlens history models/arabic/phase2/curves -o one.png",
)
def history(
    files: Annotated[
        list[Path],
        typer.Argument(
            parser=named, metavar="FILES", help="Training histories: folders of curves, flat or nested JSON."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", parser=destination, metavar="FILE", help="The chart to write, .png.")
    ],
    dpi: Annotated[int, typer.Option(min=50, max=1200, help="Resolution of the chart.")] = 300,
) -> None:
    """Draw training histories: loss on a logarithmic axis, accuracy on a linear one, the best points marked.

    Several files are drawn over each other.
    """
    from glyphlens.commands.history import run_history

    raise typer.Exit(run_history(files, output, dpi))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens experiments phase2:val_top1 --only 'backbone-*' -o sweep.png   ·   "
    "dvc exp show --json --all-commits | glyphlens experiments kanji/evaluate:best_top1 --source -",
)
def experiments(
    metric: Annotated[str, typer.Argument(help="What to compare: val_top1, or with its file phase2:val_top1.")],
    only: Annotated[
        str | None, typer.Option(help="Experiments of these names, such as 'backbone-*'; else all.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Output of `dvc exp show --json`: a file, - for standard input; else it is run.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", parser=destination, metavar="FILE", help="The chart to write, .png."),
    ] = None,
) -> None:
    """Compare experiments by a metric: a table, best first, of the parameters that differ, and a chart of the sweep.

    The chart has an axis for each of those parameters and one for the metric, and a line for each experiment. The exit
    status is 1 where no experiment is of the names asked for.
    """
    from glyphlens.commands.experiments import run_experiments

    raise typer.Exit(run_experiments(metric, only, source, output))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens ablate experiments/zero_shot_options.yaml --dry-run   ·   "
    "glyphlens ablate --queue && dvc queue start",
)
def ablate(
    queues: QueueFiles = None,
    queue: Annotated[bool, typer.Option("--queue", help="Put the trainings into DVC's queue instead.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Print the commands that would be run.")] = False,
) -> None:
    """Run the trainings of committed queues that are missing or had other code or parameters, one after the other.

    Each runs as a DVC experiment in a copy of the commit, and the workspace stays as it is. After each of them, tables,
    pictures and docs/ABLATIONS.md are written anew. The exit status is 1 where a training failed.
    """
    from glyphlens.commands.ablations import run_ablate

    raise typer.Exit(run_ablate(queues or [], queue_only=queue, dry_run=dry_run))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens ablations   ·   glyphlens ablations experiments/khmer_sweep.yaml",
)
def ablations(queues: QueueFiles = None) -> None:
    """Collect what the experiments of committed queues came to: tables, pictures and docs/ABLATIONS.md.

    Numbers that the tables have already stay where no experiment of the present code and parameters replaces them.
    """
    from glyphlens.commands.ablations import run_ablations

    raise typer.Exit(run_ablations(queues or []))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens track   ·   MLFLOW_TRACKING_URI=http://server:5000 glyphlens track",
)
def track() -> None:
    """Send the trainings that MLflow does not have yet, for example because its server was down.

    They go to MLFLOW_TRACKING_URI, by default mlflow.db in the repository's root; look at them with `mlflow ui`.
    """
    from glyphlens.commands.track import run_track

    raise typer.Exit(run_track())


@app.command(
    rich_help_panel=PANEL, epilog="[bold]Examples[/bold]   glyphlens promote kanji   ·   glyphlens promote arabic"
)
def promote(track: TrackArgument) -> None:
    """Register a track's released model in MLflow, and make it champion if it is better than the present one.

    The release has to be what was evaluated, and every gate before it passed. It is better if the released file names
    more of the test samples right. The exit status is 1 where another version stays champion, 2 where this one could
    not be registered. `--model models:/glyphlens-kanji@champion` uses the champion.
    """
    from glyphlens.commands.promote import run_promote

    raise typer.Exit(run_promote(track))


@app.command(rich_help_panel=PANEL, epilog="[bold]Examples[/bold]   glyphlens rollback kanji")
def rollback(track: TrackArgument) -> None:
    """Restore the previous champion."""
    from glyphlens.commands.promote import run_rollback

    raise typer.Exit(run_rollback(track))
