"""dvc.yaml is expanded as DVC expands it."""

import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.provenance.pipeline import declared_stages

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
PARAMS = {"phase2": {"steps": 7}}


def test_stages_are_expanded() -> None:
    found = declared_stages(YAML(typ="safe").load(GRAPH), PARAMS)
    assert list(found) == ["plain", "kanji@cnn", "kanji@vit", "both@x-1", "both@y-1"]
    plain, vit = found["plain"], found["kanji@vit"]
    assert (plain.command, plain.deps, plain.params) == ("python -m a --out data/a", ["src/a.py"], ["seed"])
    assert plain.outs == ["data/a", "data/b", "metrics/a.json"]
    assert vit.command == "train vit for 7 steps"
    assert (vit.deps, vit.params, vit.outs) == (["src/vit.py"], ["recognizers.vit"], ["models/vit"])


@pytest.mark.parametrize("stage", [{"cmd": "${nowhere.x}"}, {"deps": []}, "text"])
def test_a_stage_that_cannot_be_read_is_named(stage: object) -> None:
    with pytest.raises(InputError, match=r"dvc\.yaml: stage 'odd' cannot be read"):
        declared_stages({"stages": {"odd": stage}}, {})
