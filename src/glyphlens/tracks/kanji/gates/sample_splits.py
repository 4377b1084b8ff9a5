"""Checks of gate_kanji_samples that look at splits: writers and fonts on one side each, and no picture on two."""

import pandas as pd

from glyphlens.data.sample_set import SPLITS
from glyphlens.gates import sample_splits
from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_most, first_rows, none_of, verdict
from glyphlens.gates.sample_splits import HELD_OUT, KEY
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits

CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


@CHECKS.add("groups-disjoint")
def groups_disjoint(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A hand or a font that was learnt tests nothing: a group is wholly on one side."""
    return sample_splits.groups_disjoint(data.index, one="group", many="groups")


@CHECKS.add("writer-one-group")
def writer_one_group(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A writer of a set has one group, also where two sets share the writers (ETL8B and 8G, ETL9B and 9G)."""
    index = data.index[data.index["writer"] >= 0]
    hands = index.assign(hand=index["set"].str.replace(r"^(ETL[89])[BG]$", r"\1", regex=True))
    groups = hands.groupby(["hand", "writer"])["group"].unique().reset_index()
    several = groups[groups["group"].map(len) > 1]
    rows = [
        {"set": name, "writer": writer, "groups": ", ".join(sorted(found)[:3])}
        for name, writer, found in several.itertuples(index=False, name=None)
    ]
    return none_of(len(several), "writers in several groups", rows[:SHOWN_ROWS])


@CHECKS.add("manifest")
def manifest(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """splits.json is what people read and reuse: it must say what the index does."""
    return sample_splits.manifest_agrees(data.index, data.manifest, one="group")


@CHECKS.add("manifest-used")
def manifest_used(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A group of splits.json without a row is one that was lost on the way, or of another run."""
    known = set(data.index["group"])
    rows: list[Row] = [
        {"split": split, "group": group}
        for split, groups in data.manifest.items()
        for group in groups
        if group not in known or split not in SPLITS
    ]
    return none_of(len(rows), "entries of splits.json without a row", rows[:SHOWN_ROWS])


@CHECKS.add("split-shares")
def split_shares(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Each held-out split has enough hands to measure on, and leaves enough to learn from."""
    low, high = limits.min_split_share, limits.max_split_share
    return sample_splits.held_out_shares(data.index, low, high, many="groups")


@CHECKS.add("sets-in-splits")
def sets_in_splits(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Every set, and of the stand-in fonts and writers both, is learnt and tested; a small real set may miss out."""
    groups = data.index.groupby(["set", "split"])["group"].nunique().unstack(fill_value=0)
    groups = groups.reindex(columns=list(SPLITS), fill_value=0)
    lacking = groups[(groups == 0).any(axis=1)]
    rows = [dict(zip(("set", *SPLITS), row, strict=True)) for row in lacking.itertuples(name=None)]
    value = ", ".join(f"{name} {'/'.join(str(count) for count in row)}" for name, *row in groups.itertuples())
    found = verdict(lacking.empty, Verdict.FAIL if data.is_rendered else Verdict.WARN)
    message = "" if lacking.empty else "sets without a group in train, val or test"
    return Outcome(found, value, "≥ 1 group of every set in train/val/test", message, tuple(rows[:SHOWN_ROWS]))


@CHECKS.add("twin-share")
def twin_share(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """The very pixels of a training picture in a held-out split are a leak, whatever they are labelled."""
    twins = sample_splits.held_out_twins(data.index, ("image_hash",))
    message = "share of held-out pictures identical to a training one"
    shown = (*KEY, "split", "image_hash")
    return sample_splits.twin_share(data.index, twins, limits.max_twin_share, message, Verdict.FAIL, shown)


@CHECKS.add("near-share")
def near_share(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Two hands draw し or 一 nearly alike; more than that are copies, and scores flatter."""
    nearest_N = data.nearest_N
    near_N = (nearest_N >= 0) & (nearest_N <= limits.near_bits)
    share = near_N.sum() / max(1, data.index["split"].isin(HELD_OUT).sum())
    table = data.index.assign(bits=nearest_N)
    rows = first_rows(table, near_N, *KEY, "split", "bits") if share > limits.max_near_share else ()
    message = f"share of held-out pictures within {limits.near_bits} of 256 bits of a training one of their class"
    return at_most(share, limits.max_near_share, message, rows, otherwise=Verdict.WARN)


@CHECKS.add("near-median")
def near_median(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """In the median class, which is no simple stroke, next to nothing held out is nearly a training picture."""
    nearest_N = data.nearest_N
    held_out = pd.DataFrame({"label": data.index["label"], "near": nearest_N <= limits.near_bits})[nearest_N >= 0]
    shares = held_out.groupby("label")["near"].mean().sort_values(ascending=False)
    rows = [{"label": label, "share": float(share)} for label, share in shares.head(SHOWN_ROWS).items()]
    message = f"median over classes of the share within {limits.near_bits} bits of a training picture"
    return at_most(float(shares.median()), limits.max_near_median, message, rows)
