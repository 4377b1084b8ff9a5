"""Commands about Arabic fonts: what their glyphs are, and the text of PDFs that hold them."""

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
)

Fonts = Annotated[
    list[Path],
    typer.Argument(
        parser=source,
        metavar="FONTS",
        help=f"Font files (ttf otf woff woff2 ttc pfa pfb cff dfont), folders of them, or PDFs{NAMES_WITH_A_DASH}",
    ),
]
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
