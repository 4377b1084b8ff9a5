"""khmer_start: keep a trained recogniser of lines in git, for later trainings to begin with. Run by hand."""

from collections.abc import Sequence

from glyphlens.data.sample_set import SampleSet
from glyphlens.stages import run_stage, stage_paths
from glyphlens.tracks.khmer.training.line_start import save_start


def main(argv: Sequence[str] | None = None) -> None:
    """Read a training and the lines that it had; write weights in half precision and what they have seen."""
    paths = stage_paths(argv, "trained", "samples", "out")
    save_start(paths.out, paths.trained, SampleSet.open(paths.samples))


if __name__ == "__main__":
    run_stage(main)
