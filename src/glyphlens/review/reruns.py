"""Which stages ran between two revisions, why, and what they wrote differently: the difference of two dvc.lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glyphlens.core.documents import differences
from glyphlens.review.locked import LockedStage

CODE = ("src/", "code/")


@dataclass(frozen=True)
class Rerun:
    """A stage whose record differs: what was other by kind of cause, and the outputs that are not the same."""

    stage: str
    causes: dict[str, list[str]]
    outs: list[str]


def reruns(before: Mapping[str, LockedStage], after: Mapping[str, LockedStage]) -> list[Rerun]:
    """The stages that differ, in the order of the later dvc.lock, those that are gone last."""
    names = (name for name in {**after, **before} if before.get(name) != after.get(name))
    return [_rerun(name, before.get(name), after.get(name)) for name in names]


def _rerun(name: str, before: LockedStage | None, after: LockedStage | None) -> Rerun:
    if after is None:
        return Rerun(name, {"stage removed": []}, [])
    if before is None:
        return Rerun(name, {"new stage": []}, sorted(after.outs))
    deps = changed_keys(before.deps, after.deps)
    causes = {
        "command": [] if before.command == after.command else [after.command],
        "code": [path for path in deps if path.startswith(CODE)],
        "data": [path for path in deps if not path.startswith(CODE)],
        "parameters": changed_keys(before.params, after.params),
    }
    return Rerun(
        name, {cause: names for cause, names in causes.items() if names}, changed_keys(before.outs, after.outs)
    )


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Dotted keys of what is not the same on both sides, sorted."""
    return [difference.key for difference in differences(before, after)]
