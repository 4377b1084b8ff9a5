"""The command that serves the recognisers over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import CORES, MODEL_HELP, PANEL, named
from glyphlens.serving.limits import MIB, ServerLimits

DEFAULTS = ServerLimits()
LIMITS = "Limits"


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens serve   ·   glyphlens serve --model arabic --workers 4   ·   "
    "glyphlens serve --model kanji=models:/glyphlens-kanji@champion   ·   "
    "glyphlens serve --host 0.0.0.0 --token-file token.txt",
)
def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]MODEL", help=f"{MODEL_HELP}; several times for several. Else all releases."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at; one beyond this machine needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Reading processes; one per core is most.")] = min(2, CORES),
    token_file: Annotated[
        Path | None,
        typer.Option(parser=named, metavar="FILE", help="The token that clients must bear; else $GLYPHLENS_TOKEN."),
    ] = None,
    refresh_seconds: Annotated[
        float, typer.Option(min=0.1, help="How often to ask the registry whether an alias has moved.")
    ] = 10.0,
    body_mib: Annotated[float, typer.Option(min=0.001, rich_help_panel=LIMITS, help="Of one request.")] = (
        DEFAULTS.body_bytes / MIB
    ),
    held_mib: Annotated[float, typer.Option(min=0.001, rich_help_panel=LIMITS, help="Of all requests together.")] = (
        DEFAULTS.held_bytes / MIB
    ),
    max_pixels: Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Of a page.")] = DEFAULTS.pixels,
    max_pages: Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Of a request.")] = DEFAULTS.pages,
    max_glyphs: Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Of a font file.")] = DEFAULTS.glyphs,
    header_seconds: Annotated[
        float, typer.Option(min=0.1, rich_help_panel=LIMITS, help="For a client to send its headers.")
    ] = DEFAULTS.header_seconds,
    body_seconds: Annotated[
        float, typer.Option(min=0.1, rich_help_panel=LIMITS, help="For a client to send its body.")
    ] = DEFAULTS.body_seconds,
    seconds: Annotated[float, typer.Option(min=0.1, rich_help_panel=LIMITS, help="For one request to be read.")] = (
        DEFAULTS.seconds
    ),
    waiting: Annotated[
        int, typer.Option(min=1, rich_help_panel=LIMITS, help="Requests that may wait; further ones get 429.")
    ] = DEFAULTS.waiting,
    batch: Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Requests read together at most.")] = (
        DEFAULTS.batch
    ),
    connections: Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Open at once.")] = (
        DEFAULTS.connections
    ),
    memory_mib: Annotated[
        int, typer.Option(min=1, rich_help_panel=LIMITS, help="That a reading process may need beyond its models.")
    ] = DEFAULTS.memory_mib,
) -> None:
    """Serve the recognisers over HTTP: /v1/identify, predict, read, scan and similar, described at /docs.

    Requests that wait are read together, and none waits for company. Files are read in processes of their own, which
    are replaced when one crashes or hangs. Where a model is named by an alias of the registry, `glyphlens promote`
    replaces it while the server runs. docs/SERVER.md has an example and what each limit does.
    """
    from glyphlens.serving.server import ServeWanted, run_serve

    limits = ServerLimits(
        int(body_mib * MIB), int(held_mib * MIB), max_pixels, max_pages, max_glyphs, header_seconds, body_seconds,
        seconds, waiting, batch, connections, memory_mib,
    )  # fmt: skip
    wanted = ServeWanted(host, port, model or [], workers, token_file, refresh_seconds)
    raise typer.Exit(run_serve(wanted, limits))
