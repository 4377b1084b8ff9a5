"""What every sample set's gate asks of its splits and classes: nothing learnt is tested, everything tested is learnt.

Each function takes the parts it looks at and returns an outcome; a gate's check adds its own words and rationale.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.gates.check import SHOWN_ROWS, Outcome, Verdict, at_least, at_most, first_rows, none_of

HELD_OUT = ("val", "test")
KEY = ("sample_id", "label", "group")

Manifest = Mapping[str, Sequence[str]]


def read_manifest(path: Path, *, many: str) -> dict[str, list[str]]:
    """splits.json: {split: groups}; raises InputError where it is missing or has another form."""
    manifest = load_json(path)
    if not isinstance(manifest, dict) or not all(isinstance(names, list) for names in manifest.values()):
        raise InputError(f"{path}: not lists of {many} by split")
    return manifest


def groups_disjoint(index: pd.DataFrame, *, one: str, many: str) -> Outcome:
    """No group has rows in two splits; ``one`` and ``many`` are what the gate calls a group."""
    used = index[index["split"].isin(SPLITS)]
    sides = used.groupby("group")["split"].unique()
    shared = sides[sides.map(len) > 1]
    rows = [{one: name, "splits": ", ".join(sorted(found))} for name, found in shared.items()]
    return none_of(len(shared), f"{many} in more than one split", rows[:SHOWN_ROWS])


def manifest_agrees(index: pd.DataFrame, manifest: Manifest, *, one: str, excluded: str | None = None) -> Outcome:
    """Every row's group is listed under the row's split; rows ``excluded`` belong to any held-out group."""
    listed = {(split, group) for split, groups in manifest.items() for group in groups}
    held_out = {group for split, group in listed if split in HELD_OUT}
    pairs = index.groupby(["split", "group"], sort=False).size().index
    right = {pair for pair in pairs if (pair[1] in held_out if pair[0] == excluded else pair in listed)}
    told = pd.MultiIndex.from_frame(index[["split", "group"]]).isin(list(right))
    message = f"rows of another split than splits.json has their {one} in"
    return none_of(int((~told).sum()), message, first_rows(index, ~told, *KEY, "split"))


def held_out_shares(index: pd.DataFrame, low: float, high: float, *, many: str) -> Outcome:
    """Validation and test each have between ``low`` and ``high`` of all groups."""
    groups = index[index["split"].isin(HELD_OUT)].groupby("split")["group"].nunique()
    shares = {split: groups.get(split, 0) / index["group"].nunique() for split in HELD_OUT}
    bad = {name: share for name, share in shares.items() if not low <= share <= high}
    value = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    limit = f"{low} … {high} of the {many} each"
    rows = tuple({"split": name, "share": share} for name, share in bad.items())
    return Outcome(
        Verdict.FAIL if bad else Verdict.PASS, value, limit, "held-out splits of another share" if bad else "", rows
    )


def enough_classes(samples: SampleSet, classes: int, groups: int, *, many: str) -> Outcome:
    """At least so many classes on at least so many groups."""
    found, found_groups = len(samples.classes), samples.index["group"].nunique()
    passed = found >= classes and found_groups >= groups
    limit = f"≥ {classes} classes on ≥ {groups} {many}"
    return Outcome(Verdict.PASS if passed else Verdict.FAIL, f"{found} classes on {found_groups} {many}", limit)


def classes_supported(index: pd.DataFrame, samples: int, groups: int, *, many: str) -> Outcome:
    """Every class has so many samples from so many groups."""
    by_label = index.groupby("label")["group"]
    support = pd.DataFrame({"samples": by_label.size(), many: by_label.nunique()}).reset_index()
    thin = (support["samples"] < samples) | (support[many] < groups)
    message = f"classes with < {samples} samples or < {groups} {many}"
    return none_of(int(thin.sum()), message, first_rows(support, thin, "label", "samples", many))


def classes_held_out(samples: SampleSet, split: str, least_share: float) -> Outcome:
    """So large a share of the classes has a sample in a held-out split."""
    share = float((class_counts(samples, split)["samples"] > 0).mean())
    return at_least(share, least_share, f"share of classes with a {split} sample")


def class_counts(samples: SampleSet, split: str) -> pd.DataFrame:
    """Rows of a split per class: ``label``, ``samples``, in the order of the classes."""
    counts = samples.index.loc[samples.index["split"] == split, "label"].value_counts()
    labels = [entry.label for entry in samples.classes]
    return pd.DataFrame({"label": labels, "samples": [int(counts.get(label, 0)) for label in labels]})


def held_out_twins(index: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.bool_]:
    """(N,) held-out rows that a training row equals in ``columns``."""
    keys = pd.MultiIndex.from_frame(index[list(columns)])
    train, held_out = (index["split"].isin(names).to_numpy() for names in (("train",), HELD_OUT))
    twins: NDArray[np.bool_] = held_out & keys.isin(keys[train])
    return twins


def twin_share(
    index: pd.DataFrame,
    twins_N: NDArray[np.bool_],
    limit: float,
    message: str,
    otherwise: Verdict,
    shown: Iterable[str],
) -> Outcome:
    """At most ``limit`` of the held-out rows are ``twins_N`` of training rows."""
    share = twins_N.sum() / max(1, index["split"].isin(HELD_OUT).sum())
    rows = first_rows(index, twins_N, *shown) if share > limit else ()
    return at_most(share, limit, message, rows, otherwise=otherwise)
