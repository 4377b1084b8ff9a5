"""Read lines beside what they show: error rates overall and by slice, confusions by kind.

N lines
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.edits import aligned, edit_count, error_rate
from glyphlens.inference.folder import Precision, model_name
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.inference.line_reader import LineReader, LineText
from glyphlens.tracks.khmer.evaluation.error_kinds import KINDS, error_kind

CLEAN = "clean"
LENGTHS = (20, 40)  # clusters: short lines have fewer than the first, long ones at least the second
FACTS = ("text", "group", "slice", "style", "kind", "font")
READ_AT_ONCE = 256


def read_rows(reader: LineReader, samples: SampleSet, rows_N: NDArray[np.int64]) -> list[LineText]:
    """The lines of a sample set, read, each at its own width."""
    found: list[LineText] = []
    for begin in range(0, len(rows_N), READ_AT_ONCE):
        rows = rows_N[begin : begin + READ_AT_ONCE]
        found += reader.read([samples.images(np.array([row]))[0] for row in rows])
    return found


def line_table(samples: SampleSet, rows_N: NDArray[np.int64], read: Sequence[LineText]) -> pd.DataFrame:
    """One row a line: ``FACTS``, row, read, confidence, characters and edits, clusters and cluster_edits, top1 (exact),
    length, is_mixed. Both texts are canonical. Raises InputError where the index lacks a fact.
    """
    missing = [name for name in FACTS if name not in samples.index]
    if missing:
        raise InputError(f"{samples.folder / 'index.parquet'}: columns missing: {', '.join(missing)}")
    table = samples.index.loc[rows_N, list(FACTS)].reset_index(drop=True)
    texts = [canonical(text) for text in table["text"]]
    guesses = [canonical(line.text) for line in read]
    pieces = [clusters(text) for text in texts]
    counts = np.array([len(own) for own in pieces])
    return table.assign(
        text=texts,
        row=rows_N,
        read=guesses,
        confidence=[line.confidence for line in read],
        characters=[len(text) for text in texts],
        edits=[edit_count(text, guess) for text, guess in zip(texts, guesses, strict=True)],
        clusters=counts,
        cluster_edits=[edit_count(own, clusters(guess)) for own, guess in zip(pieces, guesses, strict=True)],
        top1=[text == guess for text, guess in zip(texts, guesses, strict=True)],
        length=np.select([counts < LENGTHS[0], counts < LENGTHS[1]], ["short", "medium"], "long"),
        is_mixed=table["text"].str.contains("[A-Za-z]") & table["text"].str.contains("[\u1780-\u17b3]"),
    )


def cer(table: pd.DataFrame) -> float:
    """Wrong characters per character."""
    return error_rate(table["edits"], table["characters"])


def line_metrics(fp32: pd.DataFrame, int8: pd.DataFrame | None) -> dict[str, float]:
    """The numbers of a recogniser for git, of its tables of the test; int8_cer where there is such a file."""
    found = {
        "cer": cer(fp32),
        "exact_lines": float(fp32["top1"].mean()),
        "cluster_cer": error_rate(fp32["cluster_edits"], fp32["clusters"]),
        "clean_cer": cer(fp32[fp32["slice"] == CLEAN]),
        "int8_cer": float("nan") if int8 is None else cer(int8),
    }
    return _there(found)


def slice_metrics(table: pd.DataFrame) -> dict[str, float]:
    """The numbers of the released recogniser in hard parts of the test, for git."""
    slices, families = slice_table(table, "slice"), slice_table(table, "group")
    found = {
        "worst_slice_cer": float(slices["cer"].max()),
        "short_cer": cer(table[table["length"] == "short"]),
        "long_cer": cer(table[table["length"] == "long"]),
        "mixed_cer": cer(table[table["is_mixed"]]),
        "worst_family_cer": float(families["cer"].max()),
        "family_mean_cer": float(families["cer"].mean()),
    }
    return _there(found)


def slice_table(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row a value of ``column``, the hardest first: part, lines, cer, cluster_cer, exact_lines, confidence."""
    rows = [
        {
            "part": str(value),
            "lines": len(part),
            "cer": cer(part),
            "cluster_cer": error_rate(part["cluster_edits"], part["clusters"]),
            "exact_lines": float(part["top1"].mean()),
            "confidence": float(part["confidence"].mean()),
        }
        for value, part in table.groupby(column, sort=True)
    ]
    return pd.DataFrame(rows).sort_values(["cer", "part"], ascending=[False, True], ignore_index=True)


def cluster_errors(table: pd.DataFrame) -> pd.DataFrame:
    """One row a wrong cluster: row, truth, guess, kind."""
    wrong = table[~table["top1"]]
    pairs = [
        (row, pair)
        for row, text, guess in zip(wrong["row"], wrong["text"], wrong["read"], strict=True)
        for pair in aligned(clusters(text), clusters(guess))
        if pair.is_edit
    ]
    rows = [(row, pair.truth, pair.guess, error_kind(pair)) for row, pair in pairs]
    return pd.DataFrame(rows, columns=["row", "truth", "guess", "kind"])


def kind_table(errors: pd.DataFrame) -> pd.DataFrame:
    """One row a kind of error, the commonest first: kind, meaning, errors, share, and its commonest confusions."""
    rows = []
    for kind, part in errors.groupby("kind", sort=True):
        pairs = Counter(zip(part["truth"], part["guess"], strict=True))
        common = sorted(pairs.items(), key=lambda entry: (-entry[1], entry[0]))[:5]
        shown = ", ".join(f"{truth or '–'} → {guess or '–'} ({count})" for (truth, guess), count in common)
        row = {"kind": kind, "meaning": KINDS[str(kind)], "errors": len(part), "share": len(part) / len(errors)}
        rows.append({**row, "confusions": shown})
    table = pd.DataFrame(rows, columns=["kind", "meaning", "errors", "share", "confusions"])
    return table.sort_values(["errors", "kind"], ascending=[False, True], ignore_index=True)


def worst_lines(table: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Lines with most errors per character, the worst of each family in turn."""
    wrong = table[~table["top1"]].assign(cer=lambda part: part["edits"] / part["characters"])
    ordered = wrong.sort_values(["cer", "row"], ascending=[False, True], kind="stable")
    turn = ordered.groupby("group", sort=True).cumcount()
    return ordered.assign(turn=turn).sort_values(["turn", "cer"], ascending=[True, False], kind="stable").head(shown)


def exports(folder: Path) -> list[Path]:
    """The folders of all exported recognisers."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def exported_files(folder: Path) -> dict[Precision, Path]:
    """The model files of an export by precision."""
    precisions: tuple[Precision, ...] = ("fp32", "int8")
    named = {precision: folder / model_name(precision) for precision in precisions}
    return {precision: file for precision, file in named.items() if file.is_file()}


def _there(numbers: dict[str, float]) -> dict[str, float]:
    """Those that there is something to score for."""
    return {name: number for name, number in numbers.items() if not np.isnan(number)}
