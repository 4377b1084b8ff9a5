"""The released model of a track with what was measured on it, once dvc.lock has shown that they belong together."""

from pathlib import Path

from glyphlens.commands.lineage import Lineage, lineage_of, origin_of
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json
from glyphlens.tracking.versions import CHANGED_TAG, COMMIT_TAG, Release
from glyphlens.tracks import Track, tracks

GATES = "metrics/gates/"


def registered_name(track: str) -> str:
    """What the models of a track are called in the registry."""
    return f"glyphlens-{track}"


def evaluated_release(track: str) -> Release:
    """The release of a track with its metrics, all gates before it passed; reads nothing but what is in git.

    Raises InputError, naming the file, where there is no release, a gate has failed, or the release or its metrics are
    not what dvc.lock records.
    """
    known = tracks()[track]
    folder, lineage = known.release, lineage_of(known.final_stage)
    if not any(folder.glob("*.onnx")):
        raise InputError(f"{folder}: no released model there; `dvc repro {known.final_stage}` makes it")
    lineage.require(folder)
    _require_passed(lineage)
    metrics, origin = _metrics(known, lineage), origin_of(lineage, folder)
    tags = {
        "samples": lineage.stages[known.final_stage].deps[known.samples],
        COMMIT_TAG: origin.commit,
        CHANGED_TAG: str(origin.is_changed).lower(),
    }
    champion = known.champion
    return Release(registered_name(track), folder, metrics, champion.metric, tags)


def _require_passed(lineage: Lineage) -> None:
    """Every gate of the lineage, by its metrics."""
    for path in (Path(out) for out in sorted(lineage.outs) if out.startswith(GATES)):
        lineage.require(path)
        failed = load_json(path)["failed"]
        if failed:
            raise InputError(f"{path}: {failed} checks failed, see reports/gates/{path.stem}.html; not registered")


def _metrics(track: Track, lineage: Lineage) -> dict[str, float]:
    """The numbers of the track's files; the guarded one must be among them."""
    metrics: dict[str, float] = {}
    for path in map(Path, track.champion.files):
        lineage.require(path)
        metrics |= load_json(path)
    if track.champion.metric not in metrics:
        raise InputError(
            f"{path}: has no {track.champion.metric} to compare champions by; run `dvc repro {track.final_stage}`"
        )
    return metrics
