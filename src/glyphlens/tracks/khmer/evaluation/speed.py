"""How fast an exported file reads lines, one by one and together."""

from time import perf_counter

import numpy as np

from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.line_reader import LineReader

USUAL_CHARACTERS = 60
TIMED_LINES, WARM_UP = 100, 5


def line_latencies(reader: LineReader, samples: SampleSet) -> dict[str, float]:
    """Milliseconds per line of about 60 characters: the median and the 95th percentile alone, the mean in batches."""
    rows = samples.rows("test")
    lengths = samples.index["text"].str.len().to_numpy()[rows]
    nearest = rows[np.argsort(np.abs(lengths - USUAL_CHARACTERS), kind="stable")[:TIMED_LINES]]
    lines = [samples.images(np.array([row]))[0] for row in nearest]
    for line in lines[:WARM_UP]:
        reader.read([line])
    alone = []
    for line in lines:
        begin = perf_counter()
        reader.read([line])
        alone.append(1000 * (perf_counter() - begin))
    begin = perf_counter()
    reader.read(lines)
    together = 1000 * (perf_counter() - begin) / len(lines)
    numbers = {"median": np.median(alone), "p95": np.percentile(alone, 95), "batched": together}
    return {name: round(float(number), 2) for name, number in numbers.items()}
