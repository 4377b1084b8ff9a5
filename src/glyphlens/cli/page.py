"""The command that shows the web page, or writes it for others to publish."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import PANEL, named

PORTS = 65_535


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens page   ·   glyphlens page --no-open --port 8080   ·   "
    "glyphlens page --out site",
)
def page(
    out: Annotated[
        Path | None, typer.Option(parser=named, metavar="FOLDER", help="Write the page here instead, to publish it.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=PORTS, help="Of this machine; 0 takes a free one.")] = 0,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser.")] = True,
) -> None:
    """Recognise in the browser: draw a character, or drop a picture of one, or of a line of Khmer.

    The page is served to this machine alone, and what is drawn or dropped on it stays there. It runs the released
    models. What they are run by, onnxruntime-web, is fetched by npm the first time.
    """
    from glyphlens.page.server import serve_page
    from glyphlens.page.site import page_site, save_site

    site = page_site()
    if out is None:
        serve_page(site, port, opens=opens)
        return
    save_site(out, site)
    print(f"{out}: page written ({len(site)} files)", file=sys.stderr)
