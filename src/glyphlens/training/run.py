"""One training from claim to report: what it is of, where it is kept while unfinished, where it goes on from."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import Field
from tqdm import tqdm

from glyphlens.core.curves import TRAINING, last_values
from glyphlens.core.errors import CheckpointError, OutputError
from glyphlens.core.machine import MachineParams
from glyphlens.core.params import Section, load_params
from glyphlens.core.storage import save_json, save_metrics, sha256_tree
from glyphlens.provenance.notes import code_hash, require_unchanged
from glyphlens.tracking.home import project_home
from glyphlens.tracking.outbox import post
from glyphlens.tracking.record import RunRecord
from glyphlens.tracking.timings import note_timing
from glyphlens.training.checkpoints import Identity, Trained, newest_state, read_identity, resumption
from glyphlens.training.machine import rank, this_machine, world_size


class CheckpointParams(Section):
    """The ``checkpoint`` section; it changes no result.

    ``resume``: ``auto``, ``never`` or the path of a state. ``minutes``: the longest time without a new state.
    """

    resume: str = Field(min_length=1)
    minutes: float = Field(gt=0)


@dataclass(frozen=True)
class TrainingRun:
    """A training that has its folder to itself, and ``batch_workers`` processes that make its batches ahead.

    ``start``: the state to go on from, None for the beginning.
    """

    identity: Identity
    folder: Path
    checkpoint: CheckpointParams
    batch_workers: int
    start: Path | None = None

    def report(self, trained: Trained, metrics: Mapping[str, float], curves: Path, timings: Path) -> None:
        """Write the last values of the curves, tell the tracker how it went, and note the time it took.

        A tracker's trouble is warned of and never the training's.
        Raises InputError, and tells nothing, where code or parameters were changed meanwhile.
        """
        save_metrics(curves, last_values(trained.curves))
        require_unchanged()
        rows = [(int(step), str(name), float(value)) for step, name, value in trained.curves.itertuples(index=False)]
        post(
            RunRecord(
                stage=self.identity.stage,
                params=self.identity.config,
                data=self.identity.data,
                code=self.identity.code,
                seconds=trained.seconds,
                curves=rows,
                metrics=dict(metrics),
            )
        )
        note_timing(timings, self.identity.stage, seconds=round(trained.seconds, 1))


@contextmanager
def training_run(stage: str, config: dict[str, Any], data: Sequence[Path]) -> Iterator[TrainingRun]:
    """Claim the training's folder for the block; it is removed only when the block ends without an error.

    ``stage`` as in dvc.yaml (``kanji@cnn``); ``config`` decides the result together with the files below ``data``.
    Train and write every output inside, so that no kill between the two loses the training. The same training in
    two processes at once has two folders. Raises CheckpointError where ``checkpoint.resume`` names a state of
    another configuration, other data, other code or another machine (device, number of threads), and InputError at the
    end where what the stage was made from was changed meanwhile: the folder stays then, with the finished training.
    """
    checkpoint = load_params(CheckpointParams, "checkpoint")
    batch_workers = load_params(MachineParams, "machine").batch_workers
    identity = identify(stage, config, data)
    folder, lock = _claim(project_home() / "checkpoints" / stage, identity)
    try:
        if checkpoint.resume == "never" and rank() == 0:
            _forget(folder)
        yield TrainingRun(identity, folder, checkpoint, batch_workers, _start(checkpoint.resume, identity, folder))
        require_unchanged()
        shutil.rmtree(folder, ignore_errors=True)
    except OutputError as error:
        raise OutputError(f"{error}; {resumption(folder)}") from error
    except KeyboardInterrupt:
        tqdm.write(f"{stage}: interrupted; {resumption(folder)}")
        raise
    finally:
        lock.release()


def identify(stage: str, config: dict[str, Any], data: Sequence[Path]) -> Identity:
    """The identity of a training; ``config`` as JSON has it, so that it is equal to one read from a file."""
    hashes = {path.as_posix(): sha256_tree(path) for path in data}
    return Identity(stage, json.loads(json.dumps(config)), hashes, code_hash(stage), *this_machine())


def save_training_facts(folder: Path, facts: Mapping[str, Any], scores: Mapping[str, float]) -> None:
    """Write beside the weights how their training went: ``facts``, what it ran on, and its best scores."""
    save_json(folder / TRAINING, {**facts, **this_machine()._asdict(), **scores})


def _claim(parent: Path, identity: Identity) -> tuple[Path, FileLock]:
    """The first folder of this identity that no living process works in; the processes of a torchrun share theirs."""
    key = hashlib.sha256(json.dumps(asdict(identity), sort_keys=True).encode()).hexdigest()[:16]
    for number in count():
        folder = parent / (f"{key}-{number}" if number else key)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"lock-{rank()}")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            if world_size() > 1:
                raise CheckpointError(f"{folder}: another process trains the same; wait for it or stop it") from error
            tqdm.write(f"{identity.stage}: another process trains the same; this one keeps its states apart")
        else:
            return folder, lock
    raise AssertionError("count() has no end")


def _forget(folder: Path) -> None:
    for state in [*folder.glob("*.ckpt"), *folder.glob("*.pt")]:
        state.unlink()


def _start(resume: str, identity: Identity, folder: Path) -> Path | None:
    """The newest state in the folder, none, or the one asked for by its path where it is one of this stage."""
    if resume == "never":
        return None
    if resume == "auto":
        return newest_state(folder)
    asked = read_identity(Path(resume))
    if asked.stage != identity.stage:
        tqdm.write(f"{identity.stage}: checkpoint.resume names a state of {asked.stage}; left alone")
        return newest_state(folder)
    differences = identity.differences(asked)
    if differences:
        raise CheckpointError(
            f"{resume}: a state of another training ({'; '.join(differences)}); train from the start with "
            "checkpoint.resume=auto, or bring back what it was trained with"
        )
    return Path(resume)
