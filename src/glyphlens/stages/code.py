"""code: the code of every other stage, as hashes that no comment changes, so that each depends on just its own."""

from collections.abc import Sequence

from pydantic import ConfigDict

from glyphlens.core.params import Section, load_params
from glyphlens.core.storage import save_text
from glyphlens.provenance.closures import CODE_STAGE, SourceTree, code_file
from glyphlens.provenance.pipeline import stage_names
from glyphlens.stages import run_stage, stage_paths


class MatrixParams(Section):
    """The ``matrix`` section of params.yaml: what dvc.yaml repeats a stage for."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, list[str]]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the names of the stages and the sources, write one listing per stage."""
    paths = stage_paths(argv, "graph", "source", "out", sources=("graph", "source"))
    load_params(MatrixParams, "matrix")  # which DVC fills in
    tree = SourceTree(paths.source)
    for stage in stage_names(paths.graph.parent):
        if stage != CODE_STAGE:
            save_text(code_file(stage, paths.out), tree.listing(stage))


if __name__ == "__main__":
    run_stage(main)
