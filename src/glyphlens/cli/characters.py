"""Commands about pictures of characters: what they show, how often a model is right, what ETL holds."""

import sys
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
    Format,
    InkName,
    Language,
    Least,
    MaxPixels,
    Model,
    Output,
    Sheet,
    SplitName,
    Threads,
    Top,
    destination,
    named,
    source,
)
from glyphlens.tracks import choosing_track

Images = Annotated[
    list[Path],
    typer.Argument(
        parser=source,
        metavar="IMAGES",
        help=f"Pictures of a glyph or character a page (png jpg tif gif webp bmp ppm), folders{NAMES_WITH_A_DASH}",
    ),
]
PictureInk = Annotated[
    InkName, typer.Option(help="Whether the glyph is dark or light; auto tells by the picture, or tries both.")
]
Diacritic = Annotated[
    bool, typer.Option("--diacritic", help="The pictures show Arabic marks: draw them half as large.")
]
Candidates = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="What to choose among: a text file, a candidate per line, or such lines."),
]
Characters = Annotated[
    str | None, typer.Option(metavar="LIST", help="Answer with these characters only: a text file, or themselves.")
]
Queries = Annotated[
    list[Path],
    typer.Argument(
        parser=source,
        metavar="QUERIES",
        help="Fonts, FONT#GLYPH (FONT#FACE:GLYPH), pictures, folders, characters, labels, or name: ⿰石本 (an IDS)"
        f"{NAMES_WITH_A_DASH}",
    ),
]
NearSheet = Annotated[
    Path | None, typer.Option(parser=destination, metavar="FILE", help="PNG: every query, then what is nearest to it.")
]
Features = Annotated[
    Path | None,
    typer.Option(
        parser=named,
        metavar="FILE",
        help=".npz or .parquet: the queries' embeddings; of kanji strokes, radicals, characters apart.",
    ),
]
Index = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="INDEX", help="Look among the glyphs of an index made by glyphlens index."),
]
Nearest = Annotated[int, typer.Option(min=1, help="How many to name, nearest first.")]
ChoosingModel = Annotated[
    Path | None,
    typer.Option(
        parser=named, metavar="MODEL", help=f"{MODEL_HELP}; by default the release of {choosing_track().name}."
    ),
]


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens predict beh.png   ·   glyphlens predict scans/*.jpg -o answers.csv   ·   "
    "glyphlens predict --diacritic fatha.png   ·   glyphlens predict --ink light chalk.png   ·   "
    "glyphlens predict --model kanji kanji.jpg --characters あいうえお   ·   "
    "glyphlens predict --model zero_shot a.jpg --candidates all   ·   "
    "glyphlens predict --model zero_shot a.jpg --candidates 'my own: ⿰石本'",
)
def predict(
    images: Images,
    output: Output = None,
    format: Format = None,
    sheet: Sheet = None,
    ink: PictureInk = InkName.AUTO,
    diacritic: Diacritic = False,
    language: Language = None,
    model: Model = None,
    candidates: Candidates = None,
    characters: Characters = None,
    top: Top = 5,
    min_confidence: Least = 0.0,
    max_pixels: MaxPixels = 64_000_000,
    threads: Threads = 1,
) -> None:
    """Name the glyph on each picture: dark on light, light on dark, or on transparency; any size, tight crops too.

    Arabic glyphs by default; with --model kanji a Japanese character, written or printed, on a photo or scan. Further
    pages of a file are called file#2 and on. A picture does not show where its glyph stands in the line, so answers are
    less certain than for fonts. Where it leaves open which tone is ink, or whether a frame is part of the glyph, each
    way is read, the most confident counts most, and a note says how sure that is. The exit status is 1 where some
    pictures or characters of a list could not be used; where none could, it is 2 and nothing is written.

    With --characters only those are answered with, and the confidences are among them. A word of the list that is a
    class of its own (a ligature, a label such as beh.init) stands for it, any other one for each of its characters.

    With --model zero_shot the characters to choose among can be named, and new ones described (--candidates). A line of
    such a list is a character, name: ⿰石本 (its parts, an IDS), name: file.svg (of KanjiVG's format), 仝龢: ids.txt
    (each by that table of IDS), or level1, level2 (of JIS X 0208) or all; what follows # is a comment. Without it those
    of level 1 are the candidates.
    """
    from glyphlens.commands.run import Wanted, run_predict

    wanted = Wanted(output, format.value if format else None, sheet, model, top, min_confidence, threads, language)
    if candidates == "-":
        if STANDARD_INPUT in images:
            raise typer.BadParameter("- is the picture or the candidates, not both")
        candidates = _standard_input()
    status = run_predict(
        images, wanted, candidates=candidates, characters=characters, ink=ink.value, diacritic=diacritic,
        max_pixels=max_pixels,
    )  # fmt: skip
    raise typer.Exit(status)


def _standard_input() -> str:
    """All of it; raises BadParameter where it is closed or no text in UTF-8."""
    if sys.stdin is None:
        raise typer.BadParameter("standard input is closed")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"standard input: not a text in UTF-8 (byte {error.start:,})") from error


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens similar Amiri.ttf#42 --sheet a.png   ·   glyphlens similar ب beh.init   "
    "·   glyphlens similar --index mine Fonts/ -o near.csv   ·   glyphlens similar --model arabic beh.png   ·   "
    "glyphlens similar 石 --top 5   ·   glyphlens similar photo.jpg   ·   glyphlens similar 'my own: ⿰石本' -f json   "
    "·   glyphlens similar scans/ --features features.npz -o near.csv",
)
def similar(
    queries: Queries,
    output: Output = None,
    format: Format = None,
    sheet: NearSheet = None,
    features: Features = None,
    index: Index = None,
    model: ChoosingModel = None,
    top: Nearest = 10,
    max_pixels: MaxPixels = 64_000_000,
    threads: Threads = 1,
) -> None:
    """Name the glyphs, or the characters, that are most similar to a glyph of a font, a picture or a character.

    Glyphs of fonts and Arabic characters or labels are looked up in an index of glyphs (--index; by default one of the
    project's own fonts, made on first use). A glyph whose very outline is in the index is found by it; a letter is
    where its glyphs are on average, and other letters are named. All else is looked up among kanji, a character being
    where its strokes, components and templates put it; pictures too, unless --index or --model arabic is given.

    Similarity is the cosine of two embeddings, 1 at most. Pictures are read as by predict. The exit status is 1 where
    some queries could not be used; where none could, it is 2 and nothing is written.
    """
    from glyphlens.commands.run import Wanted, run_similar
    from glyphlens.commands.run_near import asks_about_glyphs, run_similar_glyphs

    wanted = Wanted(output, format.value if format else None, sheet, model, top, 0.0, threads)
    if asks_about_glyphs(queries, index, model):
        raise typer.Exit(run_similar_glyphs(queries, wanted, index, features, max_pixels=max_pixels))
    raise typer.Exit(run_similar(queries, wanted, features, max_pixels=max_pixels))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens fit examples/ --out mine   ·   glyphlens predict --model mine photo.jpg",
)
def fit(
    folder: Annotated[
        Path,
        typer.Argument(
            parser=named, metavar="FOLDER", help="A folder per class, called as the class, with pictures of it."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", parser=named, metavar="MODEL", help="The folder of the model to write.")
    ],
    model: ChoosingModel = None,
    max_pixels: MaxPixels = 64_000_000,
    threads: Threads = 1,
) -> None:
    """Make a recogniser of your own characters from at least 5 pictures of each, in seconds.

    The network stays as it is; a character is where its pictures lie on average. What cross-validation says of it is
    printed. Pictures that cannot be read or are there twice, and classes with fewer pictures, are refused by name.
    """
    from glyphlens.commands.run import run_fit

    raise typer.Exit(run_fit(folder, out, model, max_pixels=max_pixels, threads=threads))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens evaluate --model kanji --samples data/kanji/samples   ·   "
    "glyphlens evaluate --model models/kanji/export/cnn/int8.onnx --samples elsewhere/samples --split all -o scores.csv"
    "   ·   glyphlens evaluate --model arabic --samples data/arabic/rasters -o scores.json   ·   "
    "glyphlens evaluate --model a/int8.onnx --model b/int8.onnx --samples data/scan_lines/samples -o both.png",
)
def evaluate(
    model: Annotated[
        list[Path],
        typer.Option(parser=named, metavar="MODEL", help=f"{MODEL_HELP}; several where they answer line by line."),
    ],
    samples: Annotated[
        Path, typer.Option(parser=named, metavar="FOLDER", help="Folder of a sample set: its own or another one.")
    ],
    split: Annotated[SplitName, typer.Option(help="Samples to score; all is every one of them.")] = SplitName.TEST,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            parser=destination,
            metavar="FILE",
            help=".csv: one row a class. .json: sets, groups and classes. - is standard output. By line: also .png.",
        ),
    ] = None,
    format: Format = None,
    batch: Annotated[int, typer.Option(min=1, help="Samples that the network reads at a time.")] = 256,
    threads: Threads = CORES,
) -> None:
    """Say how often a model is right on a sample set, overall, per set, per group and per class.

    Classes are matched by label or Unicode code points. Samples of classes that the model does not know are counted,
    not scored. Where the set has fewer classes, accuracy is also given with answers restricted to them.

    Models that answer line by line are laid side by side: accuracy and calibration after each line, and where they
    stop, by the stopping.json of each.
    """
    from glyphlens.commands.evaluate import run_evaluate
    from glyphlens.commands.evaluate_lines import answers_by_line, run_evaluate_lines

    if all(map(answers_by_line, model)):
        by_line = run_evaluate_lines(model, samples, split.value, output, format.value if format else None, threads)
        raise typer.Exit(by_line)
    if len(model) > 1:
        raise typer.BadParameter("several models are laid side by side only where all answer line by line; give one")
    raise typer.Exit(
        run_evaluate(model[0], samples, split.value, output, format.value if format else None, batch, threads)
    )


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens etl data/raw/etl   ·   glyphlens etl data/raw/etl --only ETL9G"
    "   ·   glyphlens etl ETL8G.zip --sheet a.png --character あ",
)
def etl(
    folder: Annotated[
        Path,
        typer.Argument(
            parser=named, metavar="FOLDER", help="Folder with sets of the ETL database, unpacked or zipped; or a zip."
        ),
    ],
    only: Annotated[list[str] | None, typer.Option(help="A set to look at, such as ETL9G; may be repeated.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(parser=destination, metavar="FILE", help="PNG: samples of --character for the eye.")
    ] = None,
    character: Annotated[str | None, typer.Option(help="The character of --sheet, for example あ.")] = None,
) -> None:
    """Say which sets of the ETL Character Database a folder holds, whether they are whole, and what is wrong.

    The exit status is 1 where a set is not complete.
    """
    from glyphlens.commands.etl import run_etl

    raise typer.Exit(run_etl(folder, only or [], sheet, character))
