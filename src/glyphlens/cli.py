"""The command ``glyphlens``: what the glyphs of a font, or the characters on pictures, are."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.errors import GlyphlensError

app = typer.Typer(
    help="Says by shape alone which Arabic letter, form, mark or ligature, or which Japanese character, is shown.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


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


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens identify Amiri.ttf   ·   glyphlens identify *.woff2 -o glyphs.csv "
    "--sheet sheet.png   ·   glyphlens identify fonts/ --check   ·   glyphlens identify old.otf -f json "
    "--min-confidence 0.8",
)
def identify(
    fonts: Annotated[list[Path], typer.Argument(help="Font files (ttf otf woff woff2 ttc) or folders of them.")],
    output: Output = None,
    format: Format = None,
    sheet: Sheet = None,
    check: Annotated[bool, typer.Option("--check", help="Compare with the fonts' own cmap, slice by slice.")] = False,
    model: Model = None,
    top: Top = 5,
    min_confidence: Least = 0.0,
    threads: Threads = CORES,
) -> None:
    """Name every glyph of Arabic fonts, with or without cmap and GSUB, whatever the glyphs are called.

    Each glyph number gets a label such as beh.init, code points, a form, the runners-up and a calibrated confidence.
    """
    from glyphlens.commands.run import Wanted, run_identify

    wanted = Wanted(output, format.value if format else None, sheet, model, top, min_confidence, threads)
    raise typer.Exit(run_identify(fonts, wanted, check=check))


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens predict beh.png   ·   glyphlens predict scans/*.jpg -o answers.csv   ·   "
    "glyphlens predict --diacritic fatha.png   ·   glyphlens predict --ink light chalk.png   ·   "
    "glyphlens predict --model models/kanji/release kanji.jpg",
)
def predict(
    images: Annotated[list[Path], typer.Argument(help="Pictures of one glyph or character each, in any format.")],
    output: Output = None,
    format: Format = None,
    sheet: Sheet = None,
    ink: Annotated[
        InkName, typer.Option(help="Whether the glyph is dark or light; auto asks the border.")
    ] = InkName.AUTO,
    diacritic: Annotated[
        bool, typer.Option("--diacritic", help="The pictures show Arabic marks: draw them half as large.")
    ] = False,
    model: Model = None,
    top: Top = 5,
    min_confidence: Least = 0.0,
    threads: Threads = CORES,
) -> None:
    """Name the glyph on each picture: dark on light, light on dark, or on transparency; any size.

    Arabic glyphs by default; with --model models/kanji/release a Japanese character, written or printed, on a photo
    or scan. A picture does not show where its glyph stands in the line, so answers are less certain than for fonts.
    """
    from glyphlens.commands.run import Wanted, run_predict

    wanted = Wanted(output, format.value if format else None, sheet, model, top, min_confidence, threads)
    raise typer.Exit(run_predict(images, wanted, ink=ink.value, diacritic=diacritic))


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens evaluate --model models/kanji/release --samples data/kanji/samples   ·   "
    "glyphlens evaluate --model models/kanji/export/cnn/int8.onnx --samples elsewhere/samples --split all -o scores.csv"
    "   ·   glyphlens evaluate --model models/arabic/release --samples data/arabic/rasters -o scores.json",
)
def evaluate(
    model: Annotated[Path, typer.Option(help="Exported model: an .onnx file, its folder or models:/<name>@<alias>.")],
    samples: Annotated[Path, typer.Option(help="Folder of a sample set: its own or another one.")],
    split: Annotated[SplitName, typer.Option(help="Samples to score; all is every one of them.")] = SplitName.TEST,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=".csv: one row a class. .json: sets, groups and classes.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Samples that the network reads at a time.")] = 256,
    threads: Threads = CORES,
) -> None:
    """Say how often a model is right on a sample set, overall, per set, per group and per class.

    Classes are matched by label or Unicode code points. Samples of classes that the model does not know are counted,
    not scored. Where the set has fewer classes, accuracy is also given with answers restricted to them.
    """
    from glyphlens.commands.evaluate import run_evaluate

    raise typer.Exit(run_evaluate(model, samples, split.value, output, batch, threads))


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens etl data/raw/etl   ·   glyphlens etl data/raw/etl --only ETL9G"
    "   ·   glyphlens etl ETL8G.zip --sheet a.png --character あ",
)
def etl(
    folder: Annotated[Path, typer.Argument(help="Folder with sets of the ETL database, unpacked or zipped; or a zip.")],
    only: Annotated[list[str] | None, typer.Option(help="A set to look at, such as ETL9G; may be repeated.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="PNG: samples of --character for the eye.")] = None,
    character: Annotated[str | None, typer.Option(help="The character of --sheet, for example あ.")] = None,
) -> None:
    """Say which sets of the ETL Character Database a folder holds, whether they are whole, and what is wrong.

    The exit status is 1 where a set is not complete.
    """
    from glyphlens.commands.etl import run_etl

    raise typer.Exit(run_etl(folder, only or [], sheet, character))


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens history models/kanji/*/curves -o all.png   ·   glyphlens history "
    "training_history.json -o history.png --dpi 300   ·   glyphlens history models/arabic/phase2/curves -o one.png",
)
def history(
    files: Annotated[list[Path], typer.Argument(help="Training histories: folders of curves, flat or nested JSON.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The chart to write, .png.")],
    dpi: Annotated[int, typer.Option(min=50, max=1200, help="Resolution of the chart.")] = 300,
) -> None:
    """Draw training histories: loss on a logarithmic axis, accuracy on a linear one, the best points marked.

    Several files are drawn over each other.
    """
    from glyphlens.commands.history import run_history

    raise typer.Exit(run_history(files, output, dpi))


@app.command(
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
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The chart to write, .png.")] = None,
) -> None:
    """Compare experiments by a metric: a table, best first, of the parameters that differ, and a chart of the sweep.

    The chart has an axis for each of those parameters and one for the metric, and a line for each experiment.
    """
    from glyphlens.commands.experiments import run_experiments

    raise typer.Exit(run_experiments(metric, only, source, output))


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens track   ·   MLFLOW_TRACKING_URI=http://server:5000 glyphlens track"
)
def track() -> None:
    """Send the trainings that MLflow does not have yet, for example because its server was down.

    They go to MLFLOW_TRACKING_URI, by default mlflow.db in the repository's root; look at them with `mlflow ui`.
    """
    from glyphlens.commands.track import run_track

    raise typer.Exit(run_track())


@app.command(epilog="[bold]Examples[/bold]   glyphlens promote kanji   ·   glyphlens promote arabic")
def promote(track: TrackArgument) -> None:
    """Register a track's released model in MLflow, and make it champion if it is better than the present one.

    The release has to be what was evaluated, and every gate before it passed. It is better if the released file names
    more of the test samples right. The exit status is 1 where it does not become champion. `--model
    models:/glyphlens-kanji@champion` uses the champion.
    """
    from glyphlens.commands.promote import run_promote

    raise typer.Exit(run_promote(track.value))


@app.command(epilog="[bold]Examples[/bold]   glyphlens rollback kanji")
def rollback(track: TrackArgument) -> None:
    """Make the version champion again that was it before the present one."""
    from glyphlens.commands.promote import run_rollback

    raise typer.Exit(run_rollback(track.value))


@app.command(
    epilog="[bold]Examples[/bold]   glyphlens compare main   ·   glyphlens compare v1.0 HEAD   ·   "
    "glyphlens compare HEAD~1 HEAD -o comparison.md",
)
def compare(
    before: Annotated[str, typer.Argument(metavar="REV", help="Branch, tag or commit to compare with.")],
    after: Annotated[str | None, typer.Argument(metavar="REV2", help="Another one; else the workspace.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the Markdown here.")] = None,
) -> None:
    """Say in Markdown what a change moved: metrics, gates, sizes, latencies, parameters, and which stages ran.

    It reads what git has and no data. The exit status is 1 where a metric that params.yaml guards (section compare)
    got worse by more than its limit, or is gone.
    """
    from glyphlens.commands.compare import run_compare

    raise typer.Exit(run_compare(before, after, output))


@app.command()
def drift() -> None:
    """Say where dvc.lock no longer fits dvc.yaml, the code, params.yaml or the metrics in git.

    It needs no data. The exit status is 1 where a stage has to run again.
    """
    from glyphlens.commands.drift import run_drift

    raise typer.Exit(run_drift())


@app.command(epilog="[bold]Examples[/bold]   glyphlens verify   ·   glyphlens verify /srv/dvc-remote --remove")
def verify(
    store: Annotated[Path, typer.Argument(help="Folder of a DVC cache or remote.")] = Path(".dvc/cache"),
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete damaged objects, so that DVC replaces them.")
    ] = False,
) -> None:
    """Say which objects of a DVC cache or remote are damaged, and which outputs they belong to.

    DVC itself hashes an object when it comes, and trusts it from then on. The exit status is 1 where one is damaged.
    """
    from glyphlens.commands.verify import run_verify

    raise typer.Exit(run_verify(store, remove=remove))


def main() -> None:
    """Entry point: errors that a person can mend are one line and exit status 1."""
    try:
        app()
    except GlyphlensError as error:
        sys.exit(f"glyphlens: {error}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
