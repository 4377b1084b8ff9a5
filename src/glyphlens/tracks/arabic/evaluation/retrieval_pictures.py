"""Pictures of a retrieval: recall by the number of neighbours, similarities of pairs, and neighbours themselves.

Q queries · N indexed glyphs · E numbers of an embedding · K neighbours
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.charts import BLUE, GREEN, ORANGE, PALE_BLUE, PERCENT, RED, SOFT, bare, new_figure
from glyphlens.evaluation.pictures import centred, folded
from glyphlens.tracks.arabic.evaluation.retrieval import Looked
from glyphlens.tracks.arabic.evaluation.separation import EDGES, Separation

NEIGHBOURS = (1, 2, 3, 5, 10, 20, 50, 100)
LABEL_CHARACTERS = 16
Rows = tuple[NDArray[np.int64], NDArray[np.float32]]  # row numbers, and where each lies


class Shown(Protocol):
    """How much is shown."""

    queries_shown: int
    neighbours_shown: int


def draw_retrieval(
    folder: Path, looked: Looked, samples: SampleSet, queries: Rows, indexed: Rows, params: Shown
) -> None:
    """recall.png, similarity.png and neighbours.png."""
    plot_recall(folder / "recall.png", looked)
    plot_separation(folder / "similarity.png", looked.separation)
    chosen = shown_queries(looked, samples.class_indices[queries[0]], params.queries_shown)
    plot_neighbours(folder / "neighbours.png", samples, queries, indexed, chosen, params.neighbours_shown)


def plot_recall(path: Path, looked: Looked) -> None:
    """Share of the queries whose label is among the nearest glyphs, and among the nearest labels."""
    with new_figure(path, 7, 3.6) as figure:
        axes = figure.subplots()
        for ahead_Q, name, colour, mark in (
            (looked.glyphs_ahead_Q, "among so many nearest glyphs", BLUE, "o-"),
            (looked.labels_ahead_Q, "among so many nearest labels", ORANGE, "D-"),
        ):
            shares = [float((ahead_Q < count).mean()) for count in NEIGHBOURS]
            axes.plot(NEIGHBOURS, shares, mark, color=colour, mec="white", ms=7, label=name)
            for count, share in zip(NEIGHBOURS, shares, strict=True):
                if count in (1, 10):
                    axes.annotate(f"{100 * share:.1f} %", (count, share), (4, -13), textcoords="offset points")
        axes.set_xscale("log")
        axes.set_xticks(NEIGHBOURS, [str(count) for count in NEIGHBOURS])
        axes.minorticks_off()
        axes.set_xlabel("neighbours looked at")
        axes.yaxis.set_major_formatter(PERCENT)
        axes.grid()
        axes.legend(loc="lower right")


def plot_separation(path: Path, separation: Separation) -> None:
    """Histograms of the similarity of pairs of one label and of pairs of two."""
    with new_figure(path, 7, 3.2) as figure:
        axes = figure.subplots()
        for shares_B, mean, name, face, edge in (
            (separation.other_B, separation.other_mean, "two labels", PALE_BLUE, BLUE),
            (separation.same_B, separation.same_mean, "one label", "#f3c98b", ORANGE),
        ):
            axes.stairs(shares_B, EDGES, fill=True, color=face, alpha=0.75, label=f"{name}, mean {mean:.2f}")
            axes.axvline(mean, color=edge, linewidth=1.3)
        axes.set_xlim(min(0.0, float(EDGES[_first_filled(separation)])), 1)
        axes.set_xlabel(f"cosine of a test glyph and a training glyph; effect size {separation.effect:.1f}")
        axes.yaxis.set_major_formatter(PERCENT)
        axes.set_ylabel("share of pairs")
        axes.legend(loc="upper left")


def shown_queries(looked: Looked, classes_Q: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Half of them found at once, half not, spread over the test, each label once."""
    right, wrong = (np.flatnonzero(hits) for hits in (looked.glyphs_ahead_Q < 1, looked.glyphs_ahead_Q >= 1))
    halves = [_spread(wrong, classes_Q, count // 2), _spread(right, classes_Q, count - count // 2)]
    return np.concatenate(halves[::-1])


def plot_neighbours(
    path: Path, samples: SampleSet, queries: Rows, indexed: Rows, chosen: NDArray[np.int64], neighbours: int
) -> None:
    """A line a query: the test glyph, then the training glyphs nearest to it; other labels in red."""
    rows = max(1, len(chosen))
    with new_figure(path, 1.05 * (neighbours + 1), 1.25 * rows, dpi=110) as figure:
        cells = figure.subplots(rows, neighbours + 1, squeeze=False)
        for axes in cells.ravel():
            bare(axes)
        for line, query in zip(cells, chosen.tolist(), strict=False):
            similarity_N = indexed[1] @ queries[1][query]
            nearest = np.argsort(-similarity_N, kind="stable")[:neighbours]
            asked = int(queries[0][query])
            label = samples.classes[samples.class_indices[asked]].label
            shown = [
                (asked, BLUE, "asked"),
                *((int(indexed[0][row]), "", f"{similarity_N[row]:.2f}") for row in nearest),
            ]
            for axes, (row, colour, note) in zip(line, shown, strict=False):
                own = samples.classes[samples.class_indices[row]].label
                axes.imshow(255 - centred(samples.images(np.array([row]))[0]), cmap="gray", vmin=0, vmax=255)
                shade = colour or (GREEN if own == label else RED)
                axes.set_title(folded(own, LABEL_CHARACTERS), fontsize=5.5, color=shade, pad=2, loc="center")
                axes.set_xlabel(note, fontsize=6, color=SOFT, labelpad=1)


def _first_filled(separation: Separation) -> int:
    return int(np.flatnonzero((separation.same_B + separation.other_B > 0) | (EDGES[1:] >= 0))[0])


def _spread(places: NDArray[np.int64], classes_Q: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most ``count`` of the places, evenly spread, the first of each class."""
    _, first = np.unique(classes_Q[places], return_index=True)
    once = places[np.sort(first)]
    return once[np.linspace(0, len(once) - 1, min(count, len(once))).astype(np.int64)] if len(once) else once
