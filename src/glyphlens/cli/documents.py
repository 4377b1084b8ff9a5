"""Commands about documents: PDFs whose text cannot be searched."""

from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.characters import PANEL
from glyphlens.cli.options import CORES, Format, Model, Threads, destination, named


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
