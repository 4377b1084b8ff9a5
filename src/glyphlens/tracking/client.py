"""MLflow's client, as everything here opens it: which server or database, and how long to wait for an answer."""

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from glyphlens.storage import writing
from glyphlens.tracking.home import project_home

if TYPE_CHECKING:
    from mlflow import MlflowClient

SERVER = "MLFLOW_TRACKING_URI"
# Where the user has set nothing: what does not answer within seconds is tried again with the next training.
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a request sent twice could make two runs
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


def tracking_uri() -> str:
    """``$MLFLOW_TRACKING_URI``, else the SQLite database in the repository's root."""
    return os.environ.get(SERVER) or f"sqlite:///{database()}"


def database() -> Path:
    """The SQLite file that is used where no server is named."""
    return project_home() / "mlflow.db"


def shown_uri() -> str:
    """The same for people to read."""
    return without_password(tracking_uri())


def without_password(text: str) -> str:
    """The text with ``***`` for the password of every address in it."""
    return re.sub(r"(?<=://)([^\s:/@]+):[^\s/]+@", r"\1:***@", text)


def open_client() -> "MlflowClient":
    """A client that gives up within seconds, sends no telemetry and does not tell of a new database's tables."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    import mlflow.store.db.utils
    from mlflow import MlflowClient

    mlflow.store.db.utils.MAX_RETRY_COUNT = 1  # a database that cannot be opened is otherwise tried for minutes
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if not os.environ.get(SERVER):
        _make_database(database())
    return MlflowClient(tracking_uri=tracking_uri())


def _make_database(path: Path) -> None:
    """Whole or not at all: MLflow can neither use nor mend one that it was killed on while it made the tables."""
    from mlflow import MlflowClient

    with FileLock(path.with_name(".glyphlens") / "database.lock"):
        if not path.exists():
            with writing(path) as partial:
                MlflowClient(tracking_uri=f"sqlite:///{partial}").search_experiments(max_results=1)


def experiment_id(client: "MlflowClient", name: str) -> str:
    """The experiment of this name, made where there is none; raises MlflowException.

    Beside the SQLite database lie its artifacts; a server says itself where they go.
    """
    known = client.get_experiment_by_name(name)
    if known:
        return str(known.experiment_id)
    root = None if os.environ.get("MLFLOW_TRACKING_URI") else (project_home() / "mlartifacts").as_uri()
    return str(client.create_experiment(name, root))
