"""`glyphlens serve`: the server from its options to its end."""

import asyncio
import ipaddress
import math
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import uvicorn

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.serving.app import Service, make_app
from glyphlens.serving.connections import LARGEST_HEADER, limited_connections
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.logs import say, start_logging
from glyphlens.serving.registered import Registered, is_registered
from glyphlens.tracks import tracks

TOKEN = "GLYPHLENS_TOKEN"
SHORTEST_TOKEN = 16  # characters
BACKLOG = 512


class ServeWanted(NamedTuple):
    """What is asked for: the address, models as ``NAME`` or ``NAME=ADDRESS``, reading processes, the file of the token,
    and seconds between two looks at the registry."""

    host: str
    port: int
    models: Sequence[str]
    workers: int
    token_file: Path | None
    refresh_seconds: float


def run_serve(wanted: ServeWanted, limits: ServerLimits) -> int:
    """Serve until SIGTERM or Ctrl-C, and then answer what was asked; raises GlyphlensError where it cannot start."""
    token = read_token(wanted.token_file)
    require_token_beyond(wanted.host, token)
    start_logging()
    with bound(wanted.host, wanted.port) as listening, TemporaryDirectory(prefix="glyphlens-") as folder:
        asyncio.run(_serve(wanted, limits, token, listening, Path(folder)))
    return 0


async def _serve(
    wanted: ServeWanted, limits: ServerLimits, token: str | None, listening: socket.socket, folder: Path
) -> None:
    asked = named_models(wanted.models)
    registered = Registered({name: address for name, address in asked.items() if is_registered(address)}, folder)
    models = await asyncio.to_thread(registered.models, asked)
    service = Service(models, limits, wanted.workers)
    await service.start()
    watch = partial(registered.follow, service, wanted.refresh_seconds) if registered.addresses else None
    config = uvicorn.Config(
        make_app(service, token, watch), http=limited_connections(limits), ws="none", lifespan="on", log_config=None,
        access_log=False, server_header=False, h11_max_incomplete_event_size=LARGEST_HEADER,
        timeout_graceful_shutdown=math.ceil(2 * limits.seconds),
    )  # fmt: skip
    host, port = listening.getsockname()[:2]
    listening.listen(BACKLOG)
    say("serving", address=f"http://{f'[{host}]' if ':' in host else host}:{port}", models=sorted(asked))
    await PlainServer(config).serve(sockets=[listening])
    say("ended")


class PlainServer(uvicorn.Server):
    """Ends with status 0 where it is asked to end; uvicorn itself raises the signal again."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C let it answer what it has and end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def named_models(models: Sequence[str]) -> dict[str, str]:
    """Address by name, by default the release of every track; raises InputError for a name that is given twice.

    >>> named_models(["arabic", "models:/glyphlens-kanji@champion", "mine=models/a"])
    {'arabic': 'arabic', 'kanji': 'models:/glyphlens-kanji@champion', 'mine': 'models/a'}
    """
    found: dict[str, str] = {}
    for entry in models or list(tracks()):
        given, _, address = entry.rpartition("=")
        name = given or PurePath(address).name.partition("@")[0].removeprefix("glyphlens-")
        if name in found:
            raise InputError(f"--model: two models are called {name}; write --model another={address}")
        found[name] = address
    return found


def read_token(file: Path | None) -> str | None:
    """That of the file, else of the environment, else None; raises InputError for one that is easily guessed."""
    try:
        text = os.environ.get(TOKEN, "") if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: the token cannot be read ({error})") from error
    token = text.strip()
    if file is None and not token:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        place = file or TOKEN
        raise InputError(f"{place}: a token has at least {SHORTEST_TOKEN} printable ASCII characters without spaces")
    return token


def require_token_beyond(host: str, token: str | None) -> None:
    """Raise InputError where others than this machine could ask without a token."""
    try:
        is_own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own = False
    if not is_own and token is None:
        raise InputError(f"--host {host}: whoever reaches it could use it; give --token-file, or {TOKEN}")


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket at the address; raises GlyphlensError where it is taken or not this machine's."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise GlyphlensError(f"{host}: no address of this machine ({error.strerror})") from error
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
        except OSError as error:
            raise GlyphlensError(f"{host}:{port}: cannot be listened at ({error.strerror})") from error
        yield listening
