"""A revision is read whole, and what is broken in it is named with the revision and the file."""

import pytest

from glyphlens.core.errors import InputError
from glyphlens.review.snapshot import snapshot
from tests.scratch_repository import CNN, EVALUATE, METRICS, PARAMS, Repository


def test_all_that_a_revision_says(repository: Repository) -> None:
    side = snapshot(repository.folder, "main")
    assert side.name == repository.git("rev-parse", "--short=9", "HEAD")
    assert side.metrics == METRICS
    assert side.params == PARAMS
    assert list(side.stages) == ["glyphs", "phase2", "kanji@cnn"]
    assert side.stages["phase2"].deps == {"data/glyphs": "g0", "src/a.py": "c0"}
    assert side.exports["models/a/fp32.onnx"] == {"MB": 10.44, "ms a glyph, batch 1": 0.79}
    assert snapshot(repository.folder, None).metrics == METRICS


def test_tables_of_ablations_are_no_metrics(repository: Repository) -> None:
    repository.write("metrics/ablations/arabic.json", {"variants": {}})
    assert snapshot(repository.folder, None).metrics == METRICS


def test_without_metrics_there_is_nothing_to_compare(repository: Repository) -> None:
    repository.git("rm", "-rq", "metrics")
    repository.commit()
    with pytest.raises(InputError, match=r"^\w{9}: no metrics/\*\.json there"):
        snapshot(repository.folder, "HEAD")


def test_without_parameters_lock_and_card_the_metrics_are_enough(repository: Repository) -> None:
    repository.git("rm", "-rq", "params.yaml", "dvc.lock", "models")
    side = snapshot(repository.folder, None)
    assert (side.params, side.stages, side.exports) == ({}, {}, {})


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (CNN, "{broken", rf"^workspace:{CNN}: not a readable JSON file"),
        (CNN, "[1]", rf"^workspace:{CNN}: expected a mapping, found list"),
        (CNN, '{"a": "text"}', rf"^workspace:{CNN}: metric 'a' is 'text', not a number"),
        (EVALUATE, '{"a": true}', rf"^workspace:{EVALUATE}: metric 'a' is True"),
        ("params.yaml", "a: [", r"^workspace:params\.yaml: not a readable YAML file"),
        ("dvc.lock", "stages: {a: {deps: []}}", r"^workspace:dvc\.lock: no dvc\.lock: .*cmd"),
        ("dvc.lock", "stages: 3", r"^workspace:dvc\.lock: no dvc\.lock"),
    ],
)
def test_what_cannot_be_read_is_named(repository: Repository, path: str, content: str, message: str) -> None:
    repository.write(path, content)
    with pytest.raises(InputError, match=message):
        snapshot(repository.folder, None)
