"""The page of the zero-shot track's evaluation: everything that report.html.j2 shows, and its pictures.

C classes · T templates of each · H×W pixels
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.calibration import calibration_error
from glyphlens.evaluation.charts import plot_accuracy_bars, plot_reliability
from glyphlens.evaluation.errors import gallery_errors
from glyphlens.evaluation.pages import records, render
from glyphlens.evaluation.pictures import Pair, file_uri

TEMPLATE = "report.html.j2"


class PictureSource(NamedTuple):
    """What pictures are, and what follows for whoever reads the numbers."""

    title: str
    meaning: str


DRAWN_PICTURES = PictureSource(
    "A rendered stand-in, no real handwriting.",
    "A program drew these pictures from fonts and stroke data, with simulated writers. Nobody wrote them by hand, so "
    "the numbers say how methods compare, not how well people's writing is read.",
)
WRITTEN_PICTURES = PictureSource(
    "Handwriting of the ETL Character Database beside rendered pictures.",
    "People wrote a part of these pictures by hand; a program drew the others from fonts and stroke data.",
)


@dataclass(frozen=True)
class ZeroShotPage:
    """What the template shows; ``questions``, ``components`` and ``groups`` are tables of ``scores``; ``reranking`` of
    ``reranking_table``, ``few_shot`` of ``few_shot_table``, ``evidence`` of ``evidence_rows``; ``composable``: the
    share of unseen pictures whose characters have components of trained ones alone."""

    source: PictureSource
    headline: Mapping[str, float]
    slices: Mapping[str, float]
    composable: float
    variants: Mapping[str, float]
    questions: pd.DataFrame
    components: pd.DataFrame
    groups: pd.DataFrame
    roles: Mapping[str, int]
    templates: Sequence[str]
    few_shot: pd.DataFrame
    reranking: pd.DataFrame
    rerank_first: int
    splits: Sequence[Mapping[str, Any]]
    images: Mapping[str, str | None]
    evidence: Sequence[Mapping[str, Any]]
    right: Sequence[Mapping[str, Any]]
    confusions: Sequence[Mapping[str, Any]]
    gallery: Sequence[Mapping[str, Any]]
    run: Mapping[str, Any]
    params: Mapping[str, Any]


def render_zero_shot_page(page: ZeroShotPage) -> str:
    """The page as text; see ``render``."""
    return render(__package__, TEMPLATE, {field.name: getattr(page, field.name) for field in fields(page)})


def picture_source(samples: SampleSet) -> PictureSource:
    """Whether anybody's handwriting is among the pictures of the test."""
    return WRITTEN_PICTURES if (samples.index["source"].iloc[samples.rows("test")] == "etl").any() else DRAWN_PICTURES


def draw_zero_shot_album(
    folder: Path, components: pd.DataFrame, groups: pd.DataFrame, bins: pd.DataFrame
) -> dict[str, str | None]:
    """Write the PNG files; returns name → data URI or None, that of evidence.png, which is there already, too."""
    plot_reliability(folder / "reliability.png", bins, calibration_error(bins))
    for name, table, column in (("components", components, "part"), ("groups", groups, "group")):
        series = {
            "as released": list(table["top1"]),
            "description alone": list(table["text_top1"]),
            "HOG, nothing trained": list(table["template_top1"]),
        }
        plot_accuracy_bars(folder / f"{name}.png", list(table[column]), list(table["samples"]), series, {})
    return {name: file_uri(folder / f"{name}.png") for name in ("reliability", "components", "groups", "evidence")}


class TemplatePairs:
    """Pictures of the test beside templates of the classes that they are and that they were taken for."""

    def __init__(self, samples: SampleSet) -> None:
        self.samples = samples
        self.templates_CTHW = load_array(samples.folder / "templates.npy", mmap=True)
        self.has_CT = load_array(samples.folder / "has_CT.npy")
        self.numbers = {entry.label: number for number, entry in enumerate(samples.classes)}

    def confusions(self, confusions: pd.DataFrame) -> list[Pair]:
        """A pair for every row of ``confusion_table``."""
        return [
            self._pair(row, f"{row['errors']} of {round(row['errors'] / row['share'])}{_shared(row['shared'])}")
            for row in records(confusions)
        ]

    def gallery(self, outcomes: pd.DataFrame, shown: int) -> list[Pair]:
        """The most confident errors of each group in turn."""
        errors = records(gallery_errors(outcomes, shown))
        return [self._pair(row, f"{row['group']}, {100 * row['confidence']:.0f} % sure") for row in errors]

    def right(self, outcomes: pd.DataFrame, shown: int) -> list[Pair]:
        """What the released file names and the baseline does not, the least confident first, one picture a class."""
        found = outcomes[outcomes["top1"] & ~outcomes["template_top1"]]
        ordered = found.sort_values(["confidence", "row"], kind="stable").drop_duplicates("label").head(shown)
        shown_rows = records(ordered.assign(predicted_label=ordered["template"]))
        return [self._pair(row, f"{row['group']}, {100 * row['confidence']:.0f} % sure") for row in shown_rows]

    def _pair(self, row: Mapping[str, Any], note: str) -> Pair:
        truth, guess = row["label"], row["predicted_label"]
        picture_HW = self.samples.images(np.array([row["row"]]))[0]
        return Pair(picture_HW, self._template(guess), _named(truth), _named(guess), note, self._template(truth))

    def _template(self, label: str) -> NDArray[np.uint8] | None:
        """The first template that there is of a class."""
        number = self.numbers[label]
        places = np.flatnonzero(self.has_CT[number])
        return np.asarray(self.templates_CTHW[number, places[0]]) if len(places) else None


def _named(label: str) -> str:
    """A character with its code point, because a reader's machine may have no font for it."""
    return f"{label} U+{ord(label):04X}"


def _shared(components: str) -> str:
    return f"; both have {components}" if components else "; no component in common"
