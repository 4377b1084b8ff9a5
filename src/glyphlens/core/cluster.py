"""Shards on the workers of a Dask scheduler that params.yaml names: results as processes of this machine give them.

Scheduler and workers run whatever a connection sends them, unasked: only loopback and TLS are connected to. Each worker
compares itself with this process before each shard, so that no other code, package or folder has a part in a result.
"""

import hashlib
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pydantic import field_validator

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.extras import naming_extras
from glyphlens.core.params import PARAMS_FILE, Section, load_params, read_params

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S, PATIENCE_S = 10, 30  # for the scheduler; for a first worker, or another where all have died
AHEAD = 4  # shards sent per worker: it never waits, and few results wait for their turn
PACKAGES = ("numpy", "pandas", "pillow", "fonttools", "freetype-py", "uharfbuzz", "opencv-python-headless", "scipy")
START = "dask worker ADDRESS --nthreads 1"

Shard = TypeVar("Shard")
Result = TypeVar("Result")


def require_safe(address: str) -> str:
    """The address of a scheduler; raises ValueError unless it is ``tcp://`` of this machine's loopback or ``tls://``.

    >>> require_safe("tcp://127.0.0.1:8786")
    'tcp://127.0.0.1:8786'
    """
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port:
        raise ValueError(
            f"{address}: not the address of a Dask scheduler, such as tcp://127.0.0.1:8786 or tls://HOST:8786"
        )
    if parts.scheme == "tcp" and not is_loopback(parts.hostname):
        raise ValueError(
            f"{address}: whoever reaches a plain tcp scheduler runs code on its workers; use tcp://127.0.0.1:PORT on "
            "this machine, or tls://HOST:PORT with certificates (docs/SCALE.md)"
        )
    return address


def is_loopback(host: str) -> bool:
    """Whether a host, by number or as ``localhost``, is this machine and reached by nobody else."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class ClusterParams(Section):
    """Section ``cluster`` of params.yaml: address of the scheduler, or none.

    It is no part of ``machine``, whose model is code of every training.
    """

    scheduler: str | None

    @field_validator("scheduler")
    @classmethod
    def _safe(cls, address: str | None) -> str | None:
        return None if address is None else require_safe(address)


def scheduler_address() -> str | None:
    """The scheduler that params.yaml names, if any; raises ParamsError where the section is not as it should be.

    A program that runs elsewhere than in a repository has none.
    """
    return _named_in(PARAMS_FILE.absolute(), PARAMS_FILE.stat().st_mtime_ns) if PARAMS_FILE.is_file() else None


@cache
def _named_in(path: Path, changed_ns: int) -> str | None:
    """Read once per change; the absolute path keeps the section out of a stage's notes, as no result depends on it.

    A file without the section, as was written before there was one, names none.
    """
    return load_params(ClusterParams, "cluster", path).scheduler if "cluster" in read_params(path) else None


class Here(NamedTuple):
    """What a worker must have in common with the process that sends it shards."""

    made_with: dict[str, str]
    folder: Path
    probe: Path


def on_cluster(
    function: Callable[[Shard], Result], shards: Sequence[Shard], address: str, description: str
) -> Iterator[Result]:
    """``function`` of every shard, in order; the shards of a worker that dies go to another.

    Raises GlyphlensError where the scheduler or its workers cannot be used or are lost, or a shard kills four workers
    (Dask's ``distributed.scheduler.allowed-failures``), and whatever ``function`` raises.
    """
    with naming_extras():
        from distributed import KilledWorker
    folder = Path.cwd()
    with connected(address) as client, NamedTemporaryFile(dir=folder, prefix=".cluster-", suffix=".partial") as probe:
        here = Here(made_with(), folder, Path(probe.name))
        sent: deque[Future[Result]] = deque()
        try:
            for shard in shards:
                while len(sent) >= AHEAD * _worker_count(client, address):
                    yield _result(client, sent.popleft(), address)
                with naming_loss(address):
                    sent.append(client.submit(_as_here, here, function, shard, pure=False))
            while sent:
                yield _result(client, sent.popleft(), address)
        except KilledWorker as error:
            raise GlyphlensError(
                f"{description}: every worker that was given one of the shards died, likely for lack of memory: {error}"
            ) from error


@contextmanager
def naming_loss(address: str) -> Iterator[None]:
    """Within the block, GlyphlensError in place of what Dask raises where the scheduler or all workers are gone."""
    from distributed.client import ClosedClientError, FutureCancelledError

    try:
        yield
    except (FutureCancelledError, ClosedClientError, OSError) as error:
        raise GlyphlensError(
            f"the scheduler at {address} or all of its workers were lost ({error}); start them again (`{START}`) and "
            "repeat the stage, or set cluster.scheduler in params.yaml to null"
        ) from error


@contextmanager
def closing_after(client: "Client") -> Iterator[None]:
    """Close ``client`` after the block; where the block fails, its error is told, and not that of the closing."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # of a lost scheduler: tornado cannot close what is still being written
            client.close()
        raise
    client.close()


@contextmanager
def connected(address: str) -> Iterator["Client"]:
    """A client of the scheduler once there is a worker; raises GlyphlensError where either cannot be reached."""
    with naming_extras():
        from distributed import Client, Security
    security = Security()  # of Dask's own configuration
    if address.startswith("tls:") and security.get_connection_args("client").get("ssl_context") is None:
        raise InputError(
            f"{address}: Dask knows no certificates; name them by DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
            "…__CLIENT__CERT and …__CLIENT__KEY (docs/SCALE.md)"
        )
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False, security=security)
    except (OSError, TimeoutError) as error:
        raise GlyphlensError(
            f"{address}: no Dask scheduler answers ({error}); start it, or set cluster.scheduler in params.yaml to null"
        ) from error
    with closing_after(client):
        own = str(client.scheduler_info(n_workers=0)["address"])
        try:
            require_safe(own)
        except ValueError as error:
            raise InputError(f"the scheduler at {address} listens to others too, at {error}") from error
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError as error:
            raise GlyphlensError(f"{address}: no worker in {PATIENCE_S} s; start some: `{START}`") from error
        yield client


@cache
def made_with() -> dict[str, str]:
    """What decides what a shard becomes: versions of Python and packages, and a hash of this package's sources.

    As they were at the first call: a worker that has loaded older code keeps the older hash.
    """
    found = {"Python": sys.version.partition(" ")[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    package, code = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        code.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return found | {"code of glyphlens": code.hexdigest()[:16]}


def _as_here(here: Here, function: Callable[[Shard], Result], shard: Shard) -> Result:
    """What a worker runs; raises GlyphlensError where it is not as the process that asks."""
    from distributed import get_worker

    worker, own = get_worker(), made_with()
    found = [f"{name} is {own[name]}, not {wanted}" for name, wanted in here.made_with.items() if own[name] != wanted]
    if worker.state.nthreads != 1:
        found.append(f"it has {worker.state.nthreads} threads, where the libraries that draw want one: --nthreads 1")
    if Path.cwd() != here.folder:
        found.append(f"it runs in {Path.cwd()}, not {here.folder}")
    elif not here.probe.exists():
        found.append(f"its {here.folder} is another one: all need one shared folder")
    if found:
        raise GlyphlensError(f"worker {worker.address}: {'; '.join(found)}; mend that and start it again")
    return function(shard)


def _worker_count(client: "Client", address: str) -> int:
    with naming_loss(address):
        return max(1, len(client.nthreads()))


def _result(client: "Client", future: "Future[Any]", address: str) -> Any:
    """Waits as long as there are workers, or for another PATIENCE_S; raises what the shard raised."""
    with naming_loss(address):
        while not future.done():
            try:
                future.exception(timeout=PATIENCE_S)
            except TimeoutError:
                client.wait_for_workers(1, timeout=PATIENCE_S)
        if future.status != "error":
            return future.result()
    return future.result()  # an error of the shard's own is no loss
