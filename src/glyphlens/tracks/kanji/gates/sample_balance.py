"""Checks of gate_kanji_samples that hold the sets of ETL against their published counts."""

import re
from typing import Any

import pandas as pd

from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_most
from glyphlens.sources.etl.sets import SETS, EtlSet
from glyphlens.tracks.kanji.gates.sample_data import KanjiSampleData, KanjiSampleLimits
from glyphlens.tracks.kanji.gates.sample_sources import distinct_codes

# Reasons of the audit that take no handwritten record away, or that are counted by files below.
NO_RECORD_LOST = (
    *("found twice", "cut off", "other number of codes", "foreign file", "description, not data", "model pattern"),
    *("files missing", "set missing", "other count"),
)

CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


@CHECKS.add("set-counts")
def set_counts(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A set has the published number of records, models apart, or the audit says which ones are not there."""
    rows = [balance(data.index, data.audit, SETS[name]) for name in sorted(set(data.index["set"]) & set(SETS))]
    unexplained = [row for row in rows if row["unexplained"]]
    incomplete = [row for row in rows if row["audited"]]
    value = ", ".join(f"{row['set']} {row['samples']} of {row['published']}" for row in rows) or "no set of ETL"
    limit = "published = samples + audited"
    if unexplained:
        message = "sets whose missing or surplus records the audit does not explain"
        return Outcome(Verdict.FAIL, value, limit, message, tuple(unexplained[:SHOWN_ROWS]))
    if incomplete:
        return Outcome(Verdict.WARN, value, limit, "sets that are not complete", tuple(incomplete[:SHOWN_ROWS]))
    return Outcome(Verdict.PASS, value, limit)


@CHECKS.add("set-codes")
def set_codes(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A complete set has all its characters; fewer codes mean a field read from the wrong place."""
    codes = distinct_codes(data).groupby("set")["code"].nunique()
    rows: list[Row] = [
        {"set": name, "codes": int(codes[name]), "published": SETS[name].codes}
        for name in sorted(set(codes.index) & set(SETS))
        if codes[name] != SETS[name].codes
    ]
    message = "sets with another number of codes than published"
    return at_most(len(rows), 0, message if rows else "", rows[:SHOWN_ROWS], otherwise=Verdict.WARN)


def balance(index: pd.DataFrame, audit: pd.DataFrame, etl_set: EtlSet) -> dict[str, Any]:
    """A set's published records, model patterns left out, against its samples and what the audit tells of the rest.

    ``index`` needs ``set`` and ``file``; ``audit`` has AUDIT_COLUMNS. ``unexplained`` is 0 where all add up.
    """
    index, audit = index[index["set"] == etl_set.name], audit[audit["set"] == etl_set.name]
    published = etl_set.records - model_records(etl_set)
    # a file of model patterns has no sample even where it is there
    present = set(index["file"])
    absent = [name for name in etl_set.files if _handwritten(etl_set, name) and name not in present]
    told = audit.loc[audit["reason"] == "files missing", "count"].sum()
    audited = sum(_handwritten(etl_set, name) for name in absent) if len(absent) <= told else 0
    others = audit.loc[audit["reason"] == "other count", ["file", "value"]]
    for place, value in others.itertuples(index=False, name=None):
        # a path, or archive.zip:member
        audited += etl_set.files[re.split(r"[/\\:]", place)[-1].upper()] - int(value)
    audited += int(audit.loc[~audit["reason"].isin(NO_RECORD_LOST), "count"].sum())
    return {
        "set": etl_set.name,
        "published": published,
        "samples": len(index),
        "audited": audited,
        "unexplained": published - len(index) - audited,
    }


def model_records(etl_set: EtlSet) -> int:
    """How many records of a set are model patterns, which are in no split."""
    if etl_set.models is None:
        return 0
    name, first = etl_set.models
    return etl_set.files[name] + etl_set.record.dummies - first


def _handwritten(etl_set: EtlSet, file: str) -> int:
    models = model_records(etl_set) if etl_set.models and etl_set.models[0] == file else 0
    return etl_set.files[file] - models
