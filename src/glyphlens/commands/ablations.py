"""``glyphlens ablate`` and ``glyphlens ablations``: queues of trainings run by DVC, and what they came to."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from glyphlens.core.documents import json_mapping, yaml_mapping
from glyphlens.core.errors import InputError
from glyphlens.core.params import PARAMS_FILE, flat_params, read_params
from glyphlens.core.storage import save_json, save_text
from glyphlens.evaluation.ablation_page import ablation_page
from glyphlens.evaluation.ablations import (
    AblationQueue,
    Run,
    Runs,
    ablation_name,
    file_and_name,
    read_queue,
    results,
    settings_hash,
    table_content,
    updated_runs,
    with_changes,
)
from glyphlens.provenance.closures import code_file
from glyphlens.provenance.pipeline import declared_stages
from glyphlens.review.revisions import SHORT_HASH, files_at, repository_root

QUEUES, TABLES, PAGE, PICTURES = Path("experiments"), Path("metrics/ablations"), Path("docs/ABLATIONS.md"), "ablations"
EXPERIMENT = re.compile(r"(?P<commit>\w{40}) refs/exps/(?P<head>\w{2})/(?P<rest>\w{38})/(?P<name>\S+)")


class PlannedRun(NamedTuple):
    """One training of a queue; ``settings`` names the code and the parameters that it would have now."""

    variant: str
    seed: int
    name: str
    changes: dict[str, Any]
    settings: str


class Ended(NamedTuple):
    """An experiment that ended well: its own commit, and the one that it started from."""

    commit: str
    baseline: str


class Workplace:
    """The repository that the command runs in: what its queues plan, and which experiments it has."""

    def __init__(self) -> None:
        self.root = repository_root()
        self.params = read_params(self.root / PARAMS_FILE)
        self.stages = declared_stages(self.root)
        self.ended = dict(_ended(self.root))

    def plan(self, path: Path, queue: AblationQueue) -> list[PlannedRun]:
        """Every training of a queue; raises InputError for a stage or a parameter that there is not."""
        if unknown := [stage for stage in queue.stages if stage not in self.stages]:
            raise InputError(f"{path}: dvc.yaml has no stage {', '.join(unknown)}")
        listings = [self._listing(stage) for stage in queue.stages]
        planned = []
        for variant in queue.variants:
            for seed in queue.seeds:
                changes = queue.changes(variant, seed)
                settings = settings_hash(with_changes(self.params, changes), self._sections(queue, changes), listings)
                name = f"{ablation_name(path)}-{variant}-{seed}"
                planned.append(PlannedRun(variant, seed, name, changes, settings))
        return planned

    def known(self, path: Path) -> tuple[AblationQueue, list[PlannedRun], Runs]:
        """The queue of a file, its trainings, and what these came to by its table and by the experiments."""
        queue = read_queue(path)
        planned = self.plan(path, queue)
        return queue, planned, updated_runs(table_of(path), queue, self.found(queue, planned))

    def _listing(self, stage: str) -> bytes:
        path = code_file(stage)
        if not (self.root / path).is_file():
            raise InputError(f"{path}: missing; run `dvc repro code` first")
        return (self.root / path).read_bytes()

    def found(self, queue: AblationQueue, planned: Sequence[PlannedRun]) -> Runs:
        """What the experiments of these names came to that ran with the code and parameters of now."""
        runs: Runs = {}
        for run in planned:
            if run.name in self.ended and (value := self._value(queue, run, self.ended[run.name])):
                runs.setdefault(run.variant, {})[run.seed] = value
        return runs

    def _value(self, queue: AblationQueue, run: PlannedRun, ended: Ended) -> Run | None:
        listed = [code_file(stage).as_posix() for stage in queue.stages]
        files = self._files(run, ended, {PARAMS_FILE.name, *listed})
        params = yaml_mapping(files[PARAMS_FILE.name], f"{run.name}:{PARAMS_FILE}")
        sections = self._sections(queue, run.changes)
        if settings_hash(params, sections, [files[path] for path in listed]) != run.settings:
            return None
        metrics = self._files(run, ended, {file_and_name(number)[0] for number in queue.numbers})
        value, *beside = (_number(run, metrics, number) for number in queue.numbers)
        named = dict(zip(queue.beside, beside, strict=True))
        return Run(value=value, commit=ended.baseline[:SHORT_HASH], settings=run.settings, beside=named)

    def _files(self, run: PlannedRun, ended: Ended, wanted: set[str]) -> dict[str, bytes]:
        """The wanted files of an experiment by path; raises InputError where it lacks one."""
        files = files_at(self.root, ended.commit, wanted.__contains__)
        if absent := wanted - set(files):
            raise InputError(f"experiment {run.name}: no {', '.join(sorted(absent))} in it")
        return files

    def _sections(self, queue: AblationQueue, changes: dict[str, Any]) -> list[str]:
        """What of params.yaml decides on a run: the sections of its stages, and what it sets."""
        return sorted({*changes, *(section for stage in queue.stages for section in self.stages[stage].params)})


def run_ablate(paths: Sequence[Path], *, queue_only: bool, dry_run: bool) -> int:
    """Run, or put into DVC's queue, what the queues lack, one after the other; 1 where a training failed.

    ``dry_run``: print the commands. What has been run is collected after each training, so that nothing is lost where
    the next one is interrupted. Raises InputError for a queue that is at fault.
    """
    place, failed = Workplace(), []
    for path in paths or queue_files():
        queue, planned, runs = place.known(path)
        for run in planned:
            if _is_done(runs, run):
                continue
            command = _command(queue, run, "--queue" if queue_only else "--temp", is_there=run.name in place.ended)
            print(" ".join(command[2:]), flush=True)
            if dry_run:
                continue
            if subprocess.run(command, cwd=place.root, check=False).returncode:
                failed.append(run.name)
            elif not queue_only:
                run_ablations([path])
    if failed:
        print(f"glyphlens: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run_ablations(paths: Sequence[Path]) -> int:
    """Write tables, pictures and the page from the experiments that ended and the committed tables."""
    from glyphlens.evaluation.ablation_chart import plot_ablation

    place = Workplace()
    for path in paths or queue_files():
        queue, planned, runs = place.known(path)
        count = sum(map(len, runs.values()))
        if count:
            save_json(table_of(path), table_content(queue, runs))
            plot_ablation(PAGE.parent / PICTURES / f"{ablation_name(path)}.png", queue, results(queue, runs))
        stale = sum(not _is_done(runs, run) for run in planned) - (len(planned) - count)
        print(f"{path}: {count} of {len(planned)} runs" + (f", {stale} with other code or parameters" if stale else ""))
    save_text(PAGE, committed_page())
    return 0


def committed_page() -> str:
    """docs/ABLATIONS.md as the working folder's queues and tables have it."""
    return ablation_page({ablation_name(path): _committed(path) for path in queue_files()})


def queue_files() -> list[Path]:
    """The queues of the working folder, by name; raises InputError where there is none."""
    if not (files := sorted(QUEUES.glob("*.yaml"))):
        raise InputError(f"{QUEUES}/*.yaml: no queue there; run from the repository's root")
    return files


def table_of(path: Path) -> Path:
    """Where the results of a queue are kept."""
    return TABLES / f"{ablation_name(path)}.json"


def _committed(path: Path) -> tuple[AblationQueue, Runs]:
    queue = read_queue(path)
    return queue, updated_runs(table_of(path), queue, {})


def _is_done(runs: Runs, planned: PlannedRun) -> bool:
    run = runs.get(planned.variant, {}).get(planned.seed)
    return run is not None and run.settings == planned.settings


def _number(run: PlannedRun, files: Mapping[str, bytes], number: str) -> float:
    """A number of a run's files; raises InputError where its file has none of this name."""
    file, name = file_and_name(number)
    value = json_mapping(files[file], f"{run.name}:{file}").get(name)
    if not isinstance(value, int | float):
        raise InputError(f"experiment {run.name}: {file} has no {name}")
    return value


def _command(queue: AblationQueue, run: PlannedRun, how: str, *, is_there: bool) -> list[str]:
    sets = [word for name, text in flat_params(run.changes).items() for word in ("--set-param", f"{name}={text}")]
    again = ["--force"] if is_there else []
    words = ["exp", "run", how, *again, "--name", run.name, "--single-item", *sets, *queue.stages]
    return [sys.executable, "-m", "dvc", *words]


def _ended(root: Path) -> Iterator[tuple[str, Ended]]:
    """Experiments by name, of every commit, oldest first; one that failed or runs has no reference in git."""
    words = ["git", "for-each-ref", "--sort=committerdate", "--format=%(objectname) %(refname)", "refs/exps"]
    listed = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout
    for match in map(EXPERIMENT.fullmatch, listed.splitlines()):
        if match:
            yield match["name"], Ended(match["commit"], match["head"] + match["rest"])
