"""Versions of released models in MLflow's registry: their files as an MLflow model, their metrics as a run."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import sha256_tree
from glyphlens.evaluation.release_card import without_head
from glyphlens.inference.folder import ExportFolder
from glyphlens.tracking.client import (
    EXPERIMENTS,
    experiment_id,
    followed,
    open_client,
    shown_registry,
    shown_uri,
    tracking_uri,
    without_password,
)
from glyphlens.tracking.pyfunc import FILES, save_pyfunc

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

EXPERIMENT = f"{EXPERIMENTS}release"
ARTIFACT = "model"
SHA256_TAG, COMMIT_TAG, CHANGED_TAG = "sha256", "mlflow.source.git.commit", "git.dirty"
SHORT_HASH = 9
LONGEST_DESCRIPTION = 5000  # of MLflow's table of versions
SERVER_HINT = "is MLFLOW_TRACKING_URI right, and its server up?"
DATABASE_HINT = (
    "is it a whole database of MLflow that nobody else is writing to? Otherwise move it away, and a new one is made, "
    "or name another one in MLFLOW_TRACKING_URI"
)
ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


@dataclass(frozen=True)
class Release:
    """A released model and what was measured on it; ``guard`` is the metric that champions are compared by."""

    name: str
    folder: Path
    metrics: Mapping[str, float]
    guard: str
    tags: Mapping[str, str]


class Version(NamedTuple):
    """A version in the registry; ``score`` is the metric ``guard`` as it was when the version was registered."""

    name: str
    number: str
    score: float
    tags: Mapping[str, str]
    guard: str


@contextmanager
def registry(purpose: str, *, reading: bool = False) -> Iterator["MlflowClient"]:
    """A client; what goes wrong with MLflow inside the block becomes an OutputError that says what was wanted.

    With ``reading`` nothing is made or changed to open it; raises InputError where there is no database.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield open_client(reading=reading)
    except (MlflowException, SQLAlchemyError, ImportError, OSError) as error:
        reason = without_password(str(error).partition("\n")[0])
        asked = " and ".join(dict.fromkeys((shown_uri(), shown_registry())))
        way = "" if isinstance(error, OSError) else f"; {DATABASE_HINT if asked.startswith('sqlite') else SERVER_HINT}"
        raise OutputError(f"{asked}: cannot {purpose}: {reason}{way}") from error


def aliases(client: "MlflowClient", name: str) -> dict[str, str] | None:
    """Version numbers by alias; None where no model has the name."""
    found = client.search_registered_models(f"name='{name}'")
    return {alias: str(number) for alias, number in found[0].aliases.items()} if found else None


def read_version(client: "MlflowClient", name: str, number: str, guard: str) -> Version:
    """A version by its number; raises InputError where it is gone, or has not been registered by ``register``."""
    return _read(client, _numbered(client, name, number), guard)


def find_version(client: "MlflowClient", release: Release) -> Version | None:
    """The version that holds exactly the release's files."""
    sha256 = sha256_tree(release.folder)
    found = client.search_model_versions(f"name='{release.name}' and tags.{SHA256_TAG}='{sha256}'")
    return _read(client, found[0], release.guard) if found else None


def register(client: "MlflowClient", release: Release) -> Version:
    """A new version; it comes into being last, when its files and metrics are in place.

    Raises InputError for files that are no exported model. An attempt that is cut short leaves a run, no version.
    """
    from mlflow.entities import Metric

    with _saved(release) as folder:
        run = client.create_run(experiment_id(client, EXPERIMENT), run_name=release.name, tags=dict(release.tags)).info
        client.log_artifacts(run.run_id, folder)
    metrics = [Metric(name, value, run.start_time, 0) for name, value in release.metrics.items()]
    client.log_batch(run.run_id, metrics=metrics)
    client.set_terminated(run.run_id)
    if aliases(client, release.name) is None:
        client.create_registered_model(release.name)
    version = client.create_model_version(
        release.name,
        f"runs:/{run.run_id}/{ARTIFACT}",
        run.run_id,
        {**release.tags, SHA256_TAG: sha256_tree(release.folder)},
        description=_description(ExportFolder(release.folder).card),
    )
    return _read(client, version, release.guard)


def restore(client: "MlflowClient", version: Version, release: Release) -> bool:
    """Put the files of the release, which are the version's, into the store where it has lost them; says whether."""
    if not fault_of(client, version):
        return False
    with _saved(release) as folder:
        client.log_artifacts(_run_of(_numbered(client, version.name, version.number)), folder)
    return True


def settle(client: "MlflowClient", version: Version, release: Release) -> Version:
    """Name the commit of a version whose files were in no commit when they were registered, and are in one now."""
    if (version.tags.get(CHANGED_TAG), release.tags.get(CHANGED_TAG)) != ("true", "false"):
        return version
    for tag in (COMMIT_TAG, CHANGED_TAG):
        client.set_model_version_tag(version.name, version.number, tag, release.tags[tag])
        client.set_tag(_run_of(_numbered(client, version.name, version.number)), tag, release.tags[tag])
    return version._replace(tags={**version.tags, **release.tags})


def fault_of(client: "MlflowClient", version: Version) -> str:
    """Why the version's files cannot be used; empty where the store gives the very files that were registered."""
    with TemporaryDirectory() as folder:
        try:
            _download(client, _numbered(client, version.name, version.number), Path(folder))
        except InputError as error:
            return str(error)
    return ""


def fetch(address: str, folder: Path) -> Path:
    """Copy the files of a registered model, such as ``models:/glyphlens-kanji@champion``, below ``folder``.

    Returns the folder of the exported files. Raises InputError for an address that leads nowhere and for files that
    are gone or not those that were registered, OutputError where MLflow fails.
    """
    with registry(f"fetch {address}", reading=True) as client:
        return _download(client, _addressed(client, address), folder)


def version_of(address: str) -> tuple[str, str]:
    """Name and number of the version that an address leads to now; errors as for ``fetch``."""
    with registry(f"look up {address}", reading=True) as client:
        found = _addressed(client, address)
        return str(found.name), str(found.version)


def _download(client: "MlflowClient", version: "ModelVersion", folder: Path) -> Path:
    """The folder of the files below ``folder``; raises InputError where they are gone or changed."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    place, inside = _place_of(client, version), f"{ARTIFACT}/{FILES.as_posix()}"
    store = get_artifact_repository(place, tracking_uri=tracking_uri())
    if not store.list_artifacts(inside):
        raise InputError(_lost(client, version, "not in"))
    folder.mkdir(parents=True, exist_ok=True)
    files = Path(store.download_artifacts(inside, str(folder)))  # type: ignore[no-untyped-call]
    if sha256_tree(files) != version.tags.get(SHA256_TAG):
        raise InputError(_lost(client, version, "not those that were registered, in"))
    return files


@contextmanager
def _saved(release: Release) -> Iterator[str]:
    """A folder with the release as an MLflow model; raises InputError for files that are no exported model."""
    with TemporaryDirectory() as folder:
        save_pyfunc(Path(folder) / ARTIFACT, release.folder)
        yield folder


def _lost(client: "MlflowClient", version: "ModelVersion", fault: str) -> str:
    place = _place_of(client, version)
    commit = version.tags.get(COMMIT_TAG, "")[:SHORT_HASH]
    release = f"its release (`git checkout {commit} -- dvc.lock metrics models`)" if commit else "its release"
    return (
        f"{version.name}: version {version.version} is registered, but its files are {fault} the store ({place}); "
        f"bring back {release}, and `glyphlens promote` puts them there again"
    )


def _addressed(client: "MlflowClient", address: str) -> "ModelVersion":
    named = ADDRESS.fullmatch(address)
    if named is None:
        raise InputError(f"{address}: write models:/<name>@<alias> or models:/<name>/<version>")
    known = aliases(client, named["name"])
    if known is None:
        raise InputError(f"{address}: {shown_registry()} has no model of that name; `glyphlens promote` registers one")
    number = named["version"] or known.get(named["alias"])
    if number is None:
        raise InputError(f"{address}: no alias '{named['alias']}' there, only {', '.join(sorted(known)) or 'none'}")
    return _numbered(client, named["name"], number)


def _numbered(client: "MlflowClient", name: str, number: str) -> "ModelVersion":
    found = {str(version.version): version for version in client.search_model_versions(f"name='{name}'")}
    if number not in found:
        raise InputError(f"{name}: {shown_registry()} has no version {number} of it, only {', '.join(sorted(found))}")
    return found[number]


def _read(client: "MlflowClient", version: "ModelVersion", guard: str) -> Version:
    score = client.get_run(_run_of(version)).data.metrics.get(guard)
    if score is None:
        raise InputError(f"{version.name}: version {version.version} has no '{guard}' to compare with; delete it")
    return Version(version.name, str(version.version), score, version.tags, guard)


def _place_of(client: "MlflowClient", version: "ModelVersion") -> str:
    """The address of the files of the version's run."""
    return followed(client.get_run(_run_of(version)).info.artifact_uri)


def _run_of(version: "ModelVersion") -> str:
    if not version.run_id:
        raise InputError(f"{version.name}: version {version.version} does not come from `glyphlens promote`; delete it")
    return version.run_id


def _description(card: Path) -> str:
    """The card, as many of its sections as MLflow takes; all of it is among the files."""
    text = without_head(card.read_text(encoding="utf-8"))
    return text if len(text) <= LONGEST_DESCRIPTION else text[:LONGEST_DESCRIPTION].rpartition("\n## ")[0]
