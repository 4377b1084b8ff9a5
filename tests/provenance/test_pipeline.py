"""The stages of a dvc.yaml, by name, as DVC resolves them."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.provenance.pipeline import declared_stages, stage_names

GRAPH = """
vars:
  - kanji: {recognizers: [cnn, vit], none: []}
stages:
  plain:
    cmd: >-
      python -m a
      --out data/a
    deps: [src/a.py]
    params: [seed]
    outs: [data/a, {data/b: {cache: false}}]
    metrics: [{metrics/a.json: {cache: false}}]
  kanji:
    matrix: {recognizer: "${kanji.recognizers}"}
    cmd: train ${item.recognizer} for ${phase2.steps} steps
    deps: ["src/${item.recognizer}.py"]
    params: ["recognizers.${item.recognizer}"]
    outs: ["models/${item.recognizer}"]
  both:
    matrix: {a: [x, y], b: [1]}
    cmd: run ${item.a} ${item.b}
  empty:
    matrix: {recognizer: "${kanji.none}"}
    cmd: never
"""


def written(folder: Path, graph: str) -> Path:
    (folder / "dvc.yaml").write_text(graph, encoding="utf-8")
    (folder / "params.yaml").write_text("phase2: {steps: 7}\n", encoding="utf-8")
    return folder


def test_stages_are_expanded(tmp_path: Path) -> None:
    found = declared_stages(written(tmp_path, GRAPH))
    assert list(found) == stage_names(tmp_path) == ["plain", "kanji@cnn", "kanji@vit", "both@x-1", "both@y-1"]
    plain, vit = found["plain"], found["kanji@vit"]
    assert (plain.command, plain.deps, plain.params) == ("python -m a --out data/a", ["src/a.py"], ["seed"])
    assert plain.outs == ["data/a", "data/b", "metrics/a.json"]
    assert vit.command == "train vit for 7 steps"
    assert (vit.deps, vit.params, vit.outs) == (["src/vit.py"], ["recognizers.vit"], ["models/vit"])


@pytest.mark.parametrize("stage", ["{cmd: '${nowhere.x}'}", "{deps: []}", "text"])
def test_a_stage_that_cannot_be_read_is_named(tmp_path: Path, stage: str) -> None:
    with pytest.raises(InputError, match=r"(?s)dvc\.yaml: .*odd"):
        declared_stages(written(tmp_path, f"stages:\n  odd: {stage}\n"))


def test_what_is_no_yaml_is_an_error_of_the_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dvc\.yaml"):
        stage_names(written(tmp_path, "stages: ["))
