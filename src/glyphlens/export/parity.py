"""Exported files: do two say the same, how often are they right, how fast are they?

N samples · C classes
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.inference.recognizer import LOGITS, open_session

WARM_UPS = 3
TIMED_BATCHES = (1, 64)
DIGITS = 4  # of milliseconds


def top1(logits_NC: NDArray[np.floating[Any]], classes_N: NDArray[np.integer[Any]]) -> float:
    """Share of samples whose true class scores best; raises InputError for no sample."""
    if not len(classes_N):
        raise InputError("parity: no sample to score; the split is empty")
    return float(np.mean(logits_NC.argmax(axis=1) == classes_N))


def agreement(first_NC: NDArray[np.floating[Any]], second_NC: NDArray[np.floating[Any]]) -> float:
    """Share of samples that two models give the same class; raises InputError for no sample."""
    return top1(first_NC, second_NC.argmax(axis=1))


def measure_latencies(
    files: Mapping[str, Path], feeds: Mapping[str, NDArray[Any]], repeats: int, batches: Sequence[int] = TIMED_BATCHES
) -> dict[str, dict[str, float]]:
    """Milliseconds a sample by name of the file and batch size; batches of more than all samples are left out."""
    fitting = [batch for batch in batches if batch <= len(next(iter(feeds.values())))]
    return {
        name: measure_latency(file, feeds, batches=fitting, repeats=repeats)
        for name, file in files.items()
        if file.is_file()
    }


def measure_latency(
    file: Path, feeds: Mapping[str, NDArray[Any]], *, batches: Sequence[int], repeats: int
) -> dict[str, float]:
    """By batch size: one core, median of ``repeats`` runs over successive samples (as a font gives them), after a
    warm-up."""
    session = open_session(file, threads=1)
    rows = len(next(iter(feeds.values())))
    found = {}
    for batch in batches:
        if batch > rows:
            raise InputError(f"latency: batch {batch} needs as many samples, found {rows}")
        seconds = []
        for turn in range(WARM_UPS + repeats):
            start = turn * batch % (rows - batch + 1)
            feed = {name: values[start : start + batch] for name, values in feeds.items()}
            began = time.perf_counter()
            session.run([LOGITS], feed)
            seconds.append(time.perf_counter() - began)
        found[str(batch)] = round(1000 * float(np.median(seconds[WARM_UPS:])) / batch, DIGITS)
    return found


def megabytes(file: Path) -> float:
    """Size of a file in MB (10^6 bytes)."""
    return file.stat().st_size / 1e6
