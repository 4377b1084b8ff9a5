"""The command that serves the recognisers over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from glyphlens.cli.app import app
from glyphlens.cli.options import CORES, MODEL_HELP, PANEL, named
from glyphlens.serving.limits import MIB, ServerLimits

DEFAULTS = ServerLimits()
LIMITS = "Limits"
WORKERS = min(2, CORES)
Models = Annotated[
    list[str] | None,
    typer.Option(metavar="[NAME=]MODEL", help=f"{MODEL_HELP}; several times for several. Else all releases."),
]
Host = Annotated[str, typer.Option(help="The address to listen at; one beyond this machine needs a token.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")]
Workers = Annotated[int, typer.Option(min=1, help="Reading processes; one per core is most.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(parser=named, metavar="FILE", help="The token that clients must bear; else $GLYPHLENS_TOKEN."),
]
RefreshSeconds = Annotated[
    float, typer.Option(min=0.1, help="How often to ask the registry whether an alias has moved.")
]
BodyMib = Annotated[float, typer.Option(min=0.001, rich_help_panel=LIMITS, help="Of one request.")]
HeldMib = Annotated[float, typer.Option(min=0.001, rich_help_panel=LIMITS, help="Of all requests together.")]
PagePixels = Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Of a page.")]
MaxPages = Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Of a request.")]
MaxGlyphs = Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Of a font file.")]
HeaderSeconds = Annotated[
    float, typer.Option(min=0.1, rich_help_panel=LIMITS, help="For a client to send its headers.")
]
BodySeconds = Annotated[float, typer.Option(min=0.1, rich_help_panel=LIMITS, help="For a client to send its body.")]
ReadingSeconds = Annotated[float, typer.Option(min=0.1, rich_help_panel=LIMITS, help="For one request to be read.")]
Waiting = Annotated[
    int, typer.Option(min=1, rich_help_panel=LIMITS, help="Requests that may wait; further ones get 429.")
]
Batch = Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Requests read together at most.")]
Connections = Annotated[int, typer.Option(min=1, rich_help_panel=LIMITS, help="Open at once.")]
MemoryMib = Annotated[
    int, typer.Option(min=1, rich_help_panel=LIMITS, help="That a reading process may need beyond its models.")
]


@app.command(
    rich_help_panel=PANEL,
    epilog="[bold]Examples[/bold]   glyphlens serve   ·   glyphlens serve --model arabic --workers 4   ·   "
    "glyphlens serve --model kanji=models:/glyphlens-kanji@champion   ·   "
    "glyphlens serve --host 0.0.0.0 --token-file token.txt",
)
def serve(
    model: Models = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = WORKERS,
    token_file: TokenFile = None,
    refresh_seconds: RefreshSeconds = 10.0,
    body_mib: BodyMib = DEFAULTS.body_bytes / MIB,
    held_mib: HeldMib = DEFAULTS.held_bytes / MIB,
    max_pixels: PagePixels = DEFAULTS.pixels,
    max_pages: MaxPages = DEFAULTS.pages,
    max_glyphs: MaxGlyphs = DEFAULTS.glyphs,
    header_seconds: HeaderSeconds = DEFAULTS.header_seconds,
    body_seconds: BodySeconds = DEFAULTS.body_seconds,
    seconds: ReadingSeconds = DEFAULTS.seconds,
    waiting: Waiting = DEFAULTS.waiting,
    batch: Batch = DEFAULTS.batch,
    connections: Connections = DEFAULTS.connections,
    memory_mib: MemoryMib = DEFAULTS.memory_mib,
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
