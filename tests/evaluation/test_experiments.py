"""What `dvc exp show --json` says, read: which experiments, which metric is meant, which parameters differ."""

from typing import Any

import pytest

from glyphlens.core.errors import InputError
from glyphlens.evaluation.experiments import differing_params, metric_named, read_experiments
from tests.forged_experiments import commit, experiment


def shown() -> list[dict[str, Any]]:
    """A commit, two experiments of it, one that waits and one that runs, of which DVC shows the commit's metrics."""
    runs = [
        experiment("best", {"lr": 0.01, "backbone": "cnn"}, 0.8),
        experiment("other", {"lr": "1e-05", "backbone": "cnn"}, 0.7, "success"),
        experiment("waiting", {"lr": 0.1, "backbone": "cnn"}, None, "queued"),
        experiment("running", {"lr": 0.2, "backbone": "cnn"}, 0.75, "running"),
    ]
    return commit({"lr": 0.003, "backbone": "cnn"}, 0.75, runs)


def test_commits_and_their_experiments_without_the_workspace() -> None:
    found = read_experiments(shown())
    assert [(entry.name, entry.is_commit) for entry in found] == [
        ("main", True),
        ("best", False),
        ("other", False),
        ("waiting", False),
        ("running", False),
    ]
    assert found[1].scores == {"arabic/phase2:val_top1": 0.8, "kanji/cnn:val_top1": 0.5}
    assert found[2].params["phase2.lr"] == "1e-05"
    assert [entry.name for entry in found if not entry.scores] == ["waiting", "running"]


def test_an_entry_that_dvc_could_not_read_has_nothing() -> None:
    content = shown()
    content[1]["experiments"][0]["revs"][0] |= {"data": None, "error": {"msg": "broken"}}
    assert read_experiments(content)[1].params == {}


def test_a_commit_without_a_name_is_called_by_its_hash() -> None:
    content = shown()
    content[1] |= {"name": None, "rev": "0123456789abcdef"}
    assert read_experiments(content)[0].name == "0123456"


@pytest.mark.parametrize("content", [{"a": 1}, [1], [{"rev": "a"}], 3])
def test_another_shape_is_refused(content: Any) -> None:
    with pytest.raises(InputError, match="not what `dvc exp show --json`"):
        read_experiments(content)


@pytest.mark.parametrize("asked", ["arabic/phase2:val_top1", "phase2:val_top1"])
def test_a_metric_by_its_file(asked: str) -> None:
    assert metric_named(read_experiments(shown()), asked) == "arabic/phase2:val_top1"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("val_top1", "val_top1: which one? arabic/phase2:val_top1, kanji/cnn:val_top1"),
        ("ase2:val_top1", "no such metric; there are arabic/phase2:val_top1"),
        ("top1", "no such metric"),
    ],
)
def test_a_metric_that_is_not_one(asked: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        metric_named(read_experiments(shown()), asked)
    assert message in str(caught.value)


def test_only_parameters_that_differ() -> None:
    found = read_experiments(shown())
    assert differing_params(found) == ["phase2.lr"]
    assert differing_params(found[:1]) == []
