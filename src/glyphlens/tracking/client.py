"""MLflow's client, as everything here opens it: which server or database, and how long to wait for an answer."""

import errno
import logging
import os
import re
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from filelock import FileLock

from glyphlens.core.errors import InputError
from glyphlens.core.storage import writing
from glyphlens.tracking.home import project_home

if TYPE_CHECKING:
    from mlflow import MlflowClient

SERVER, REGISTRY = "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"
# Where the user has set nothing: what does not answer within seconds is tried again with the next training.
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a request sent twice could make two runs
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
NAMES = ("databricks", "databricks-uc", "uc")  # addresses that look like folders
EXPERIMENTS, ARTIFACTS = "glyphlens/", "mlartifacts"
# The experiments and runs whose files we keep, and where MLflow believes them.
OURS = f"SELECT experiment_id, artifact_location FROM experiments WHERE name LIKE '{EXPERIMENTS}%'"
RUNS = f"SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id IN (SELECT experiment_id FROM ({OURS}))"
# SQLAlchemy's form: three slashes before a relative path, four before an absolute one.
SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?!:memory:|file:)(?P<path>[^?]+)(?P<query>.*)")


# ── addresses ────────────────────────────────────────────────────────────────────────────────
def tracking_uri() -> str:
    """``$MLFLOW_TRACKING_URI``, else the SQLite database in the repository's root."""
    named = os.environ.get(SERVER)
    return absolute_uri(named) if named else sqlite_uri(database())


def registry_uri() -> str:
    """``$MLFLOW_REGISTRY_URI``, where the registry is apart from the runs."""
    named = os.environ.get(REGISTRY)
    return absolute_uri(named) if named else tracking_uri()


def database() -> Path:
    """The SQLite file that is used where no server is named."""
    return project_home() / "mlflow.db"


def absolute_uri(uri: str) -> str:
    """The address; a relative path in it starts at the repository's root.

    MLflow starts at the working directory: of a temporary experiment that is a folder which DVC removes.
    """
    if found := SQLITE.fullmatch(uri):
        path = Path(unquote(found["path"]))
        return uri if path.is_absolute() else sqlite_uri(project_home() / path) + found["query"]
    parts = urlsplit(uri)
    if uri in NAMES or parts.scheme not in ("", "file") or parts.netloc:
        return uri
    path = Path(url2pathname(parts.path if parts.scheme else uri))
    return uri if path.is_absolute() else (project_home() / path).as_uri()


def sqlite_uri(path: Path) -> str:
    """SQLAlchemy's address of a database file.

    A name with escapes has the driver's name too: MLflow makes the folders of ``sqlite:///…`` with escapes and all.
    """
    escaped = str(path).replace("%", "%25").replace("?", "%3F")
    return f"{'sqlite' if escaped == str(path) else 'sqlite+pysqlite'}:///{escaped}"


def sqlite_file(uri: str) -> Path | None:
    """The file of an SQLite database; None for any other address."""
    found = SQLITE.fullmatch(uri)
    return Path(unquote(found["path"])) if found else None


def shown_uri() -> str:
    """The tracking address for people to read."""
    return without_password(tracking_uri())


def shown_registry() -> str:
    """The registry's address for people to read."""
    return without_password(registry_uri())


def without_password(text: str) -> str:
    """The text with ``***`` for the password of every address in it."""
    return re.sub(r"(?<=://)([^\s:/@]+):[^\s/]+@", r"\1:***@", text)


# ── opening ──────────────────────────────────────────────────────────────────────────────────
def open_client(*, reading: bool = False) -> "MlflowClient":
    """A client that gives up within seconds, sends no telemetry and does not tell of a new database's tables.

    With ``reading`` no SQLite database is made or changed. Raises InputError for an address that MLflow cannot keep
    anything at, and then for a database that is not there.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    import mlflow.store.db.utils
    from mlflow import MlflowClient

    mlflow.store.db.utils.MAX_RETRY_COUNT = 1  # a database that cannot be opened is otherwise tried for minutes
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for uri in dict.fromkeys((tracking_uri(), registry_uri())):
        _require_no_folder(uri)
        if uri.startswith("sqlite"):
            _prepare_sqlite(uri, reading=reading)
    return MlflowClient(tracking_uri(), registry_uri())


def require_databases() -> None:
    """Raise InputError where an SQLite database is named that is not there: nothing is kept in it yet."""
    for file in map(sqlite_file, (tracking_uri(), registry_uri())):
        if file is not None and not file.exists():
            raise InputError(f"{file}: no such database; `glyphlens promote` makes it, or is {SERVER} right?")


def artifact_root() -> str | None:
    """Where the files of runs go: beside an SQLite database; None where a server or a folder of runs decides."""
    from mlflow.store.db.db_types import DATABASE_ENGINES

    uri = tracking_uri()
    if not uri.startswith(tuple(DATABASE_ENGINES)):
        return None
    return _artifacts_beside(sqlite_file(uri) or database())


def experiment_id(client: "MlflowClient", name: str) -> str:
    """The experiment of this name, made where there is none; raises MlflowException."""
    known = client.get_experiment_by_name(name)
    return str(known.experiment_id if known else client.create_experiment(name, artifact_root()))


def _artifacts_beside(file: Path) -> str:
    return (file.resolve().parent / ARTIFACTS).as_uri()


def followed(artifact_uri: str) -> str:
    """Where the files of a run are, whose database was moved together with them after MLflow had stored the address."""
    file = sqlite_file(tracking_uri())
    return _followed(artifact_uri, _artifacts_beside(file)) if file else artifact_uri


def _require_no_folder(uri: str) -> None:
    from mlflow.environment_variables import MLFLOW_ALLOW_FILE_STORE

    is_allowed = MLFLOW_ALLOW_FILE_STORE.get()  # type: ignore[no-untyped-call]
    if urlsplit(uri).scheme in ("", "file") and uri not in NAMES and not is_allowed:
        raise InputError(
            f"{uri}: MLflow keeps no runs in folders any more; write sqlite:///mlflow.db for a database in a file "
            f"({MLFLOW_ALLOW_FILE_STORE.name}=true opens a folder from before)"
        )


def _prepare_sqlite(uri: str, *, reading: bool) -> None:
    file = sqlite_file(uri)
    if file is None:
        raise InputError(f"{uri} names no file; write sqlite:///mlflow.db or sqlite:////an/absolute/path/mlflow.db")
    if reading:
        require_databases()
    else:
        _make_database(Path(os.path.realpath(file)))
        _follow(file)


def _make_database(path: Path) -> None:
    """Whole or not at all: MLflow can neither use nor mend one that it was killed on while it made the tables.

    The lock lies beside the file, which other repositories may share; one that came to be without it is kept.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    if path.exists():
        return
    with _lock_beside(path), suppress(FileExistsError), writing(path) as partial:
        _require_new(path)
        SqlAlchemyStore(sqlite_uri(partial), _artifacts_beside(path))  # type: ignore[no-untyped-call]
        _require_new(path)


def _lock_beside(path: Path) -> AbstractContextManager[object]:
    """None where no file can be made beside it, for which a lock would wait for ever: the database itself says why."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        lock.touch()
    except OSError:
        return nullcontext()
    return FileLock(lock)


def _require_new(path: Path) -> None:
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _follow(path: Path) -> None:
    """Let experiments and runs find their files where the database was moved together with them.

    MLflow stores absolute addresses. Those of someone else's experiments, and on a server, are left alone; so are those
    of runs whose files stand where they were and not beside the database, as of a copy of the database alone.
    """
    from sqlalchemy import create_engine, text

    now = _artifacts_beside(path)
    engine = create_engine(sqlite_uri(path))
    with engine.begin() as connection:
        for number, before in connection.execute(text(OURS)).all():
            if before != now and _is_artifact_folder(before):
                change = text("UPDATE experiments SET artifact_location = :now WHERE experiment_id = :number")
                connection.execute(change, {"now": now, "number": number})
        for run, before in connection.execute(text(RUNS)).all():
            if (place := _followed(before, now)) != before:
                change = text("UPDATE runs SET artifact_uri = :place WHERE run_uuid = :run")
                connection.execute(change, {"place": place, "run": run})
    engine.dispose()


def _followed(artifact_uri: str, now: str) -> str:
    """The address below ``now``, unless the files are at the old place and not at the new one."""
    before, *inside = artifact_uri.rsplit("/", 2)  # …/mlartifacts, the run, artifacts
    place = "/".join((now, *inside))
    if not _is_artifact_folder(before) or (_path(artifact_uri).exists() and not _path(place).exists()):
        return artifact_uri
    return place


def _is_artifact_folder(uri: str) -> bool:
    return uri.startswith("file:///") and uri.endswith(f"/{ARTIFACTS}")


def _path(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path))
