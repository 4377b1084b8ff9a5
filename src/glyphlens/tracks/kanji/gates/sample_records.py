"""Checks of gate_kanji_samples that look at where samples come from: sets, codes, records, published counts."""

import re
import unicodedata
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.gates.check import SHOWN_ROWS, Checks, Outcome, Row, Verdict, at_most, first_rows, none_of, show, verdict
from glyphlens.gates.suites.sample_set import KEY
from glyphlens.sources.etl.codes import characters, code_text
from glyphlens.sources.etl.sets import SETS, EtlSet
from glyphlens.tracks.kanji.gates.sample_data import (
    THUMBNAIL_PX,
    KanjiSampleData,
    KanjiSampleLimits,
    Words,
)

ETL, RENDERED = "etl", "rendered"
RENDERED_SETS = ("font", "strokes")
# Published ranges of what a record says of writing and writer; −1 is unknown.
FACT_RANGES = {"quality": (0, 3), "sex": (1, 2), "age": (1, 99)}
# Reasons of the audit that take no handwritten record away, or that are counted by files below.
NO_RECORD_LOST = (
    *("found twice", "cut off", "other number of codes", "foreign file", "description, not data", "model pattern"),
    *("files missing", "set missing", "other count"),
)
# Of the cells without clearing: ink in so many of them is the class's; standard errors that are taken off a difference.
MAJORITY, SURE = 0.5, 4

CHECKS: Checks[KanjiSampleData, KanjiSampleLimits] = Checks()


@CHECKS.add("one-source")
def one_source(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Real handwriting and the stand-in are never mixed: a score says which of the two it is of."""
    shares = (data.index.groupby(["source", "set"]).size() / len(data.samples)).reset_index()
    sources = data.index["source"].unique()
    told = shares.itertuples(index=False, name=None)
    value = ", ".join(f"{source} {name} {show(float(share))}" for source, name, share in told)
    message = "" if len(sources) == 1 else "both sources in one set"
    return Outcome(verdict(len(sources) == 1), value, "one source", message)


@CHECKS.add("source-facts")
def source_facts(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A real sample names its set, file, record and code; a rendered one has none that it could have."""
    index = data.index
    is_read = index["source"] == ETL
    named = index["set"].isin(list(SETS)) & (index["record"] >= 0) & (index["code"] != "") & (index["file"] != "")
    drawn = index["set"].isin(RENDERED_SETS) & (index["record"] == -1) & (index["code"] == "")
    wrong = is_read & ~named | ~is_read & ~drawn
    columns = (*KEY, "source", "set", "file", "record", "code")
    return none_of(
        int(wrong.sum()), "rows whose facts are not those of their source", first_rows(index, wrong, *columns)
    )


@CHECKS.add("record-once")
def record_once(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A record of a file is one sample; twice, it would be weighted twice."""
    twice = data.index.duplicated(["set", "file", "record"]) & (data.index["record"] >= 0)
    rows = first_rows(data.index, twice, *KEY, "set", "file", "record")
    return none_of(int(twice.sum()), "records that an earlier row has already", rows)


@CHECKS.add("code-one-character")
def code_one_character(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Every code of a set stands for one character: the class map is by Unicode, whatever a set calls it."""
    codes = distinct_codes(data)
    several = codes.duplicated(["set", "code"], keep=False)
    count = len(codes.loc[several, ["set", "code"]].drop_duplicates())
    return none_of(count, "codes of several characters", first_rows(codes, several, "set", "code", "label"))


@CHECKS.add("codes-true")
def codes_true(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """A label is what the set's own code table has for its code; full-width and ASCII forms are one character."""
    codes = distinct_codes(data)
    codes = codes[codes["set"].isin(list(SETS))]
    spelled = {name: _spelled_codes(SETS[name]) for name in codes["set"].unique()}
    told = [spelled[name].get(code.upper(), "") for name, code in zip(codes["set"], codes["code"], strict=True)]
    wrong = [_folded(own) != _folded(label) or not own for own, label in zip(told, codes["label"], strict=True)]
    shown = codes.assign(table=told)
    rows = first_rows(shown, pd.Series(wrong, dtype=bool), "set", "code", "label", "table")
    return none_of(sum(wrong), "codes whose character in their set's table is another", rows)


@CHECKS.add("members")
def members(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """classes.json keeps each set's own codes of a class: exactly those that its samples have."""
    codes = distinct_codes(data)
    found: dict[str, set[str]] = {}
    for name, code, label in codes[["set", "code", "label"]].itertuples(index=False):
        found.setdefault(label, set()).add(f"{name}:{code}")
    rows: list[Row] = []
    for entry in data.samples.classes:
        expected = sorted(found.get(entry.label, set()))
        if not data.is_rendered and list(entry.members) != expected:
            rows.append({"label": entry.label, "members": _few(entry.members), "samples": _few(expected)})
    return none_of(len(rows), "classes whose members are not the codes of their samples", rows[:SHOWN_ROWS])


@CHECKS.add("record-facts")
def record_facts(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Quality, sex and age are read from the right bytes if they look like it; the database has its own odd ones."""
    odd = pd.Series(False, index=data.index.index)
    for name, (low, high) in FACT_RANGES.items():
        odd |= (data.index[name] != -1) & ~data.index[name].between(low, high)
    ranges = ", ".join(f"{name} {low}–{high}" for name, (low, high) in FACT_RANGES.items())
    rows = first_rows(data.index, odd, *KEY, "set", *FACT_RANGES)
    message = f"share of rows outside {ranges}; −1 is unknown"
    return at_most(float(odd.mean()), limits.max_odd_fact_share, message, rows, otherwise=Verdict.WARN)


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


@CHECKS.add("edges-cleared")
def edges_cleared(data: KanjiSampleData, limits: KanjiSampleLimits) -> Outcome:
    """Clearing takes the neighbours' ink from a cell's edge, never what most cells of the class have: the dot of う."""
    cleared_N = np.zeros(len(data.samples), bool)
    cleared_N[data.cleared_rows] = True
    rows: list[Row] = []
    for _, part in data.index.reset_index(drop=True).groupby(["set", "label"], sort=True):
        found = part.index.to_numpy()
        cleared_n = cleared_N[found]
        if min(cleared_n.sum(), (~cleared_n).sum()) >= limits.min_cleared_cells:
            loss = lost_ink(data.measured.thumbnails_NW[found], cleared_n)
            name, label = (str(part[column].iloc[0]) for column in ("set", "label"))
            rows.append({"set": name, "label": label, "cleared": int(cleared_n.sum()), "loss": loss})
    rows.sort(key=lambda row: -float(row["loss"]))
    worst = float(rows[0]["loss"]) if rows else 0.0
    message = "largest share of its class's ink that the cleared cells of a set lack more often than the others"
    return at_most(
        worst, limits.max_cleared_loss, message, rows[:SHOWN_ROWS] if worst > limits.max_cleared_loss else ()
    )


def lost_ink(thumbnails_nW: Words, cleared_n: NDArray[np.bool_]) -> float:
    """Of the places that most cells without clearing have inked: how many more those with it leave empty, 0 … 1.

    A place is empty where its neighbours are too. SURE standard errors are taken off: few cells differ by chance.
    """
    bits_nB = np.ascontiguousarray(thumbnails_nW).view(np.uint8)
    inked_nPP = np.unpackbits(bits_nB, axis=1).reshape(-1, THUMBNAIL_PX, THUMBNAIL_PX).astype(bool)
    majority_PP = inked_nPP[~cleared_n].mean(axis=0) >= MAJORITY
    padded_nPP = np.pad(inked_nPP, ((0, 0), (1, 1), (1, 1)))
    near_nPP = np.lib.stride_tricks.sliding_window_view(padded_nPP, (3, 3), axis=(1, 2)).any(axis=(3, 4))
    empty_n = (majority_PP & ~near_nPP).sum(axis=(1, 2)) / max(1, int(majority_PP.sum()))
    with_n, without_n = empty_n[cleared_n], empty_n[~cleared_n]
    error = np.sqrt(with_n.var() / len(with_n) + without_n.var() / len(without_n))
    return max(0.0, float(with_n.mean() - without_n.mean() - SURE * error))


def distinct_codes(data: KanjiSampleData) -> pd.DataFrame:
    """Every (set, code, label) that occurs in rows with a code, once."""
    coded = data.index.loc[data.index["code"] != "", ["set", "code", "label"]]
    return coded.drop_duplicates().sort_values(["set", "code", "label"], ignore_index=True)


def _spelled_codes(etl_set: EtlSet) -> dict[str, str]:
    """A set's character of every code, by the code as its standard writes it, all in capitals."""
    table = characters(etl_set.repertoire)
    return {
        code_text(etl_set.repertoire, code).upper(): str(character)
        for code, character in enumerate(table)
        if character != ""
    }


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _few(texts: Any) -> str:
    shown = list(texts)[:4]
    return " ".join(shown) + (" …" if len(list(texts)) > len(shown) else "") or "(none)"


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
