"""suspects: training labels that look wrong, and how accuracy on unseen families would grow by a person's labels.

N samples · E numbers of an embedding
"""

from collections.abc import Sequence
from typing import Self

import pandas as pd
from pydantic import Field, PositiveInt, model_validator

from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.core.storage import save_metrics, save_table
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.report import save_tables_csv
from glyphlens.gates.token import require_token
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.arabic.evaluation.embeddings import load_embeddings
from glyphlens.tracks.arabic.evaluation.label_suspects import find_label_suspects, planted_found
from glyphlens.tracks.arabic.evaluation.labelling import mean_growth, plot_growth, simulate_labelling

TABLE = "suspects.parquet"


class SuspectParams(Section):
    """How many labels are simulated, and how many wrong ones are planted to see whether they are found."""

    labels: list[PositiveInt] = Field(min_length=1)
    reported: PositiveInt
    planted_share: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _reported_is_simulated(self) -> Self:
        if self.reported not in self.labels:
            raise ValueError(f"reported: {self.reported} is none of labels {self.labels}")
        return self


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``<out>/{suspects.parquet,labelling.csv,growth.csv,labelling.png}`` and both metrics files."""
    paths = stage_paths(argv, "rasters", "rasters_token", "retrieval", "out", "metrics", "labelling")
    require_token(paths.rasters_token, paths.rasters)
    params, seed = load_params(SuspectParams, "suspects"), load_seed()
    samples = SampleSet.open(paths.rasters)
    vectors_NE = load_embeddings(paths.retrieval, samples)

    suspects = find_label_suspects(samples, vectors_NE, samples.class_indices)
    listed, first = planted_found(samples, vectors_NE, params.planted_share, seed)
    families = simulate_labelling(samples, vectors_NE, [0, *params.labels], seed)
    growth = mean_growth(families)

    save_table(paths.out / TABLE, suspects)
    save_tables_csv(paths.out, {"labelling": families, "growth": growth})
    plot_growth(paths.out / "labelling.png", growth)
    counts = {"suspects": len(suspects), "suspect_share": len(suspects) / len(samples.index)}
    save_metrics(paths.metrics, {**counts, "planted_recall": listed, "planted_precision": first})
    save_metrics(
        paths.labelling,
        {
            "no_labels_top1": mean_of(growth, "random", 0, "top1"),
            **{
                f"{strategy}_{column}": mean_of(growth, strategy, params.reported, column)
                for strategy in ("random", "worth")
                for column in ("top1", "unlabelled_top1")
            },
        },
    )


def mean_of(growth: pd.DataFrame, strategy: str, labels: int, column: str) -> float:
    """One number of the table of ``mean_growth``."""
    is_row = (growth["strategy"] == strategy) & (growth["labels"] == labels)
    return float(growth.loc[is_row, column].iloc[0])


if __name__ == "__main__":
    run_stage(main)
