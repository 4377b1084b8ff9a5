"""What dvc.lock proves of a released file: which stages it comes from, and that it is what they wrote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from glyphlens.core.errors import InputError
from glyphlens.review.drift import hashes_of
from glyphlens.review.locked import LockedStage, locked_stages
from glyphlens.review.revisions import commit_of, commits_changing, files_at

LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Lineage:
    """A stage and all that it was made from, as dvc.lock records their last runs."""

    stage: str
    stages: Mapping[str, LockedStage]

    @property
    def outs(self) -> dict[str, str]:
        """Every output with its hash."""
        return {path: found for entry in self.stages.values() for path, found in entry.outs.items()}

    def require(self, path: Path) -> None:
        """Raise InputError, naming what differs, unless the file or folder is what its stage wrote."""
        recorded = self.outs.get(path.as_posix())
        if recorded is None:
            raise InputError(f"{path}: no output of {', '.join(self.stages)}; run `dvc repro {self.stage}`")
        present = _files(path, None)
        if hashes_of([path.as_posix()], present).get(path.as_posix()) == recorded:
            return
        committed = _files(path, "HEAD")
        changed = [name for name in {**committed, **present} if committed.get(name) != present.get(name)]
        raise InputError(
            f"{', '.join(sorted(changed)) or path}: changed since it was evaluated, {LOCK} records {path} as "
            f"{recorded}; `git checkout -- {path}` or `dvc repro {self.stage}`"
        )


class Origin(NamedTuple):
    """A commit that has what was asked about; with ``is_changed`` none has, and it is the one checked out."""

    commit: str
    is_changed: bool


def lineage_of(stage: str) -> Lineage:
    """The lineage of a stage; raises InputError where dvc.lock is missing or has two versions of one file in it."""
    try:
        return _recorded(stage, LOCK.read_bytes(), str(LOCK))
    except OSError as error:
        raise InputError(f"{LOCK}: cannot be read ({error.strerror}); run from the repository's root") from error


def origin_of(lineage: Lineage, folder: Path) -> Origin:
    """The commit that has the lineage in its dvc.lock and the folder as it is: the present one, else the newest.

    What else a commit changed does not matter. Raises InputError where git has no commit.
    """
    present, files = commit_of(Path(), "HEAD"), _files(folder, None)
    for commit in (present, *commits_changing(Path(), str(LOCK), str(folder))):
        if _files(folder, commit) == files and _is_recorded(lineage, commit):
            return Origin(commit, False)
    return Origin(present, True)


def _is_recorded(lineage: Lineage, commit: str) -> bool:
    try:
        content = files_at(Path(), commit, str(LOCK).__eq__)[str(LOCK)]
        return _recorded(lineage.stage, content, f"{commit}:{LOCK}") == lineage
    except (InputError, KeyError):  # of a time with another graph, or before there was one
        return False


def _recorded(stage: str, content: bytes, where: str) -> Lineage:
    """The lineage in a dvc.lock with this content."""
    lock = locked_stages(content, where)
    if stage not in lock:
        raise InputError(f"{where}: no run of stage '{stage}'; `dvc repro {stage}` makes one")
    found, waiting = {stage: lock[stage]}, [stage]
    while waiting:
        for name in _sources(lock, waiting.pop()):
            if name not in found:
                found[name] = lock[name]
                waiting.append(name)
    _check_one_version(found)
    return Lineage(stage, found)


def _sources(lock: Mapping[str, LockedStage], stage: str) -> Iterator[str]:
    """Stages whose outputs ``stage`` reads, also as part of a folder."""
    for name, entry in lock.items():
        if any(_overlap(read, written) for read in lock[stage].deps for written in entry.outs):
            yield name


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _check_one_version(stages: Mapping[str, LockedStage]) -> None:
    """What one stage wrote or read is what every other stage read."""
    seen: dict[str, tuple[str, str]] = {}
    for name, entry in stages.items():
        for path, found in {**entry.deps, **entry.outs}.items():
            other, known = seen.setdefault(path, (name, found))
            if found != known:
                raise InputError(
                    f"{LOCK}: {path} was {found} to stage {name}, but {known} to {other}; run `dvc repro` to bring "
                    "them together"
                )


def _files(path: Path, commit: str | None) -> dict[str, bytes]:
    """Contents of the file, or of the folder's files, by path; of the workspace for None."""
    return files_at(Path(), commit, lambda name: Path(name).is_relative_to(path))
