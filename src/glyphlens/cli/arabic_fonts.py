"""Commands about Arabic fonts: what their glyphs are, and the text of PDFs that hold them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import (
    CORES,
    NAMES_WITH_A_DASH,
    PANEL,
    Format,
    Language,
    Least,
    Model,
    Output,
    Sheet,
    Threads,
    Top,
    destination,
    named,
    source,
    track_name,
)

Fonts = Annotated[
    list[Path],
    typer.Argument(
        parser=source,
        metavar="FONTS",
        help=f"Font files (ttf otf woff woff2 ttc pfa pfb cff dfont), folders of them, or PDFs{NAMES_WITH_A_DASH}",
    ),
]


class PrecisionName(StrEnum):
    """Values of ``--precision``."""

    INT8 = "int8"
    FLOAT16 = "float16"


Further = Annotated[
    list[Path] | None,
    typer.Option(
        parser=destination,
        metavar="FILE",
        help="Of one font: .ttf or .otf with a cmap, .fea glyph classes, .cmap ToUnicode by glyph number.",
    ),
]


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens identify Amiri.ttf   ·   glyphlens identify *.woff2 -o glyphs.csv "
    "--sheet sheet.png   ·   glyphlens identify fonts/ --check   ·   glyphlens identify old.otf -f json "
    "--min-confidence 0.8   ·   glyphlens identify book.pdf   ·   glyphlens identify old.pfb --write new.otf",
)
def identify(
    fonts: Fonts,
    output: Output = None,
    format: Format = None,
    sheet: Sheet = None,
    check: Annotated[bool, typer.Option("--check", help="Compare with the fonts' own cmap, slice by slice.")] = False,
    alone: Annotated[
        bool, typer.Option("--alone", help="Read every glyph by itself, not the font as a whole.")
    ] = False,
    language: Language = None,
    hide_blank: Annotated[bool, typer.Option("--hide-blank", help="Leave out glyphs that have no outline.")] = False,
    write: Further = None,
    model: Model = None,
    top: Top = 5,
    min_confidence: Least = 0.0,
    threads: Threads = CORES,
) -> None:
    """Name every glyph of Arabic fonts, with or without cmap and GSUB, whatever the glyphs are called.

    Each glyph number gets a label such as beh.init or latin_small_a, other for what is none of the known ones, code
    points, a form, the runners-up and a calibrated confidence.
    The glyphs of a font correct one another: the forms of a letter agree, rare signs are rare, neighbours are related.
    Labels that are drawn alike are one class: all of them are named, the one that the language or the font's other
    letters make likely first; --check says where the class is right and the code point is another. The exit status is
    1 where some fonts could not be used; where none could, it is 2 and nothing is written.

    Of a PDF, each font in use is listed: whether it has a map to text (ToUnicode), none, or a wrong one, as the shapes
    tell. The exit status is 1 where one has none or a wrong one; glyphlens fix mends that. A map is contradicted by
    letters of Arabic script alone, and only in fonts that are Arabic beyond doubt.
    """
    from glyphlens.commands.run import Wanted, run_identify

    wanted = Wanted(
        output, format.value if format else None, sheet, model, top, min_confidence, threads, language, hide_blank
    )
    raise typer.Exit(run_identify(fonts, wanted, check=check, alone=alone, further=write or []))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens index Fonts/ -o mine   ·   glyphlens similar --index mine Amiri.ttf#42",
)
def index(
    fonts: Fonts,
    output: Annotated[
        Path, typer.Option("--output", "-o", parser=named, metavar="INDEX", help="The folder of the index to write.")
    ],
    precision: Annotated[
        PrecisionName, typer.Option(help="Of the vectors: a byte a number, or two.")
    ] = PrecisionName.INT8,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="For millions of glyphs: nearly all neighbours, at once; needs faiss.")
    ] = False,
    model: Model = None,
    threads: Threads = CORES,
) -> None:
    """Make an index of all glyphs of Arabic fonts, in which glyphlens similar looks.

    It holds where the model's last layer puts each glyph, its outline's hash, its picture, and what the font's own map
    and shaping call it. Only the model that made an index can use it. It is written whole or not at all, in the place
    of an older one. The exit status is 1 where some fonts could not be used; where none could, it is 2 and nothing is
    written.
    """
    from glyphlens.commands.run_near import run_index

    raise typer.Exit(run_index(fonts, output, model, "faiss" if approximate else precision.value, threads))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens fix book.pdf -o fixed.pdf   ·   glyphlens fix book.pdf -o fixed.pdf "
    "--report fixed.json   ·   glyphlens fix book.pdf -o - --report fixed.csv > fixed.pdf",
)
def fix(
    pdf: Annotated[Path, typer.Argument(parser=named, metavar="PDF", help="The PDF to mend a copy of.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", parser=destination, metavar="FILE", help="Where to write the copy.")
    ],
    report: Annotated[
        Path | None,
        typer.Option(
            parser=destination, metavar="FILE", help="Every decision: .csv, .json or .parquet; - is standard output."
        ),
    ] = None,
    format: Format = None,
    model: Model = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Leave characters unmapped whose answer is less certain than this.")
    ] = 0.5,
    threads: Threads = CORES,
) -> None:
    """Write a copy of a PDF whose Arabic text can be searched and copied: fonts get the map to text that they lack.

    ToUnicode is written where a font has none, or entries that its shapes surely contradict: letters in logical order,
    ligatures as their letters, no presentation forms. Fonts of other scripts, Type 3 fonts and fonts that are not
    embedded stay as they are, and so does all else. The original is never written to. Encrypted, signed and damaged
    PDFs are refused. The exit status is 1 where a font remains whose text cannot be read.
    """
    from glyphlens.commands.pdf import PdfWanted, run_fix

    wanted = PdfWanted(report, format.value if format else None, model, min_confidence, threads)
    raise typer.Exit(run_fix(pdf, output, wanted))


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens explain Amiri.ttf#312   ·   glyphlens explain Amiri.ttf#312 -o why.png"
    "   ·   glyphlens explain beh.png -o why.png   ·   glyphlens explain --diacritic fatha.png",
)
def explain(
    glyph: Annotated[
        Path,
        typer.Argument(
            parser=source,
            metavar="FONT#GLYPH|PICTURE",
            help="A glyph of a font by its number or its name there, or a picture of a glyph.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", parser=destination, metavar="FILE", help="PNG: the glyph under its heat map."),
    ] = None,
    face: Annotated[int, typer.Option(min=0, help="Which face of a collection, from 0.")] = 0,
    diacritic: Annotated[
        bool, typer.Option("--diacritic", help="The picture shows an Arabic mark: draw it half as large.")
    ] = False,
    index: Annotated[
        Path | None,
        typer.Option(
            parser=named, metavar="INDEX", help="Name the nearest glyphs too, of an index by glyphlens index."
        ),
    ] = None,
    model: Model = None,
    top: Top = 5,
    threads: Threads = 1,
) -> None:
    """Say why a glyph is read as it is: which parts and cells decide, and what it would be read as without them.

    The picture of 128×128 pixels is cut into 16×16 cells. Each is blanked in turn, and so is each piece of ink that
    touches no other (a dot, a hamza); the exported model reads what is left. Where no single cell changes the answer,
    cells go together, the most important first, until it does. This is about the glyph by itself: identify also
    listens to the other glyphs of the font.
    """
    from glyphlens.commands.explain import run_explain

    status = run_explain(glyph, output, model, index, top=top, face=face, diacritic=diacritic, threads=threads)
    raise typer.Exit(status)


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens suspects   ·   glyphlens suspects --track kanji -o doubted.csv   ·   "
    "glyphlens suspects Mine.ttf --sheet ask.html   ·   glyphlens suspects Fonts/ --top 200 -o worth.parquet",
)
def suspects(
    fonts: Annotated[
        list[Path] | None,
        typer.Argument(parser=source, metavar="[FONTS]", help="Your own fonts; without, a track's training labels."),
    ] = None,
    output: Output = None,
    format: Format = None,
    sheet: Annotated[
        Path | None,
        typer.Option(parser=destination, metavar="FILE", help="HTML: pictures with boxes to tick; it saves a CSV."),
    ] = None,
    track: Annotated[
        str, typer.Option(parser=track_name, metavar="TRACK", help="Whose training labels, without FONTS.")
    ] = "arabic",
    index: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="INDEX", help="What is known, made by glyphlens index; else our own fonts."),
    ] = None,
    model: Model = None,
    top: Annotated[int, typer.Option(min=1, help="How many to list, the most suspicious or most worth first.")] = 100,
    threads: Threads = CORES,
) -> None:
    """List what a person should look at: training labels that look wrong, or glyphs of your own fonts.

    Without FONTS: the table that the track's stage wrote. A label is doubted where the nearest glyphs of other families
    (Arabic) or other writers (kanji) have another one. The exit status is 1 where there is one.

    With FONTS: the glyphs of which a person's label would help most: doubtful (entropy of the answer), new (far from
    the known glyphs) and alike many others. The sheet's answers are for data/own_labels, which dvc repro reads. The
    exit status is 1 where some fonts could not be used; where none could, it is 2 and nothing is written.
    """
    from glyphlens.commands.suspects import SuspectsWanted, run_own_suspects, run_training_suspects

    wanted = SuspectsWanted(output, format.value if format else None, sheet, top, model, index, threads)
    raise typer.Exit(run_own_suspects(fonts, wanted) if fonts else run_training_suspects(track, wanted))
