"""``glyphlens drift``: whether dvc.lock fits the code, the parameters and the metrics, said stage by stage."""

from itertools import groupby

from glyphlens.core.documents import ABSENT
from glyphlens.review.drift import find_drift
from glyphlens.review.revisions import repository_root

MOST_CHARACTERS = 60


def run_drift() -> int:
    """Print what does not fit and what to run; 1 where something does not fit, else 0."""
    found = find_drift(repository_root())
    for stage, drifts in groupby(found, key=lambda drift: drift.stage):
        print(f"{stage}: dvc.lock does not fit, run `dvc repro {stage}` and commit what it writes")
        for drift in drifts:
            print(f"  {drift.what}: recorded {_short(drift.recorded)}, now {_short(drift.actual)}")
    if found:
        print(f"\n{len({drift.stage for drift in found})} stages to run again; `dvc repro` runs all that are needed")
    else:
        print("dvc.lock fits the code, the parameters and the metrics")
    return int(bool(found))


def _short(value: object) -> str:
    text = "nothing" if value is ABSENT else str(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
