from pathlib import Path
from typing import Any

import pytest

from glyphlens.tracking.client import open_client
from glyphlens.tracking.runs import LONGEST_PARAM, send_run
from tests.tracking.forged_runs import CURVES, curve, forged_post, kept_runs


@pytest.mark.parametrize("length", [LONGEST_PARAM - 1, LONGEST_PARAM, LONGEST_PARAM + 1])
def test_a_parameter_is_cut_where_mlflow_has_no_room(home: Path, length: int) -> None:
    client = open_client()
    send_run(client, forged_post(params={"characters": "字" * length}))
    value = kept_runs(client)[0].data.params["characters"]
    assert len(value) == min(length, LONGEST_PARAM) and value.endswith("…") == (length > LONGEST_PARAM)


def test_mlflow_has_the_whole_run(home: Path) -> None:
    client = open_client()
    send_run(client, forged_post())
    (run,) = kept_runs(client)
    assert client.get_experiment(run.info.experiment_id).name == "glyphlens/kanji"
    assert client.get_experiment(run.info.experiment_id).artifact_location == (home / "mlartifacts").as_uri()
    assert run.info.run_name == "cnn-0123456"
    assert (run.info.status, run.info.end_time - run.info.start_time) == ("FINISHED", 90_500)
    assert run.data.params["network.kernels"] == "[3, 5]"
    assert run.data.metrics["val_top1"] == 0.75 and run.data.metrics["parameters"] == 1e6
    assert run.data.tags["dvc.stage"] == "kanji@cnn"
    for name in ("train_loss", "val_top5"):
        assert curve(client, run, f"curves/{name}") == [(step, value) for step, label, value in CURVES if label == name]


def test_a_long_training_has_more_than_a_batch_of_each(home: Path) -> None:
    rows = [(step, "train_loss", step / 7) for step in range(2001)]
    params = {f"p{number}": number for number in range(101)}
    client = open_client()
    send_run(client, forged_post(curves=rows, params=params))
    (run,) = kept_runs(client)
    assert len(run.data.params) == 101 and len(curve(client, run, "curves/train_loss")) == 2001


def test_a_loss_that_is_no_number_is_taken(home: Path) -> None:
    client = open_client()
    send_run(client, forged_post(curves=[(1, "train_loss", 2.0), (2, "train_loss", float("nan"))]))
    (run,) = kept_runs(client)
    assert str(run.data.metrics["curves/train_loss"]) == "nan"


class Cut(Exception):
    """The connection broke."""


@pytest.mark.parametrize("call", ["log_batch", "set_terminated"])
@pytest.mark.parametrize("arrived", [False, True], ids=["before it arrived", "before the answer"])
def test_a_run_that_was_cut_short_is_completed(
    home: Path, call: str, arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_client()
    answer = getattr(client, call)

    def cut(*arguments: Any, **named: Any) -> None:
        if arrived:
            answer(*arguments, **named)
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(client, call, cut)
        with pytest.raises(Cut):
            send_run(client, forged_post())
    send_run(client, forged_post())
    send_run(client, forged_post("cd34"))
    cut_short, uncut = sorted(kept_runs(client), key=lambda run: run.data.tags["glyphlens.id"])
    assert cut_short.data.metrics == uncut.data.metrics and cut_short.data.params == uncut.data.params
    assert cut_short.info.status == "FINISHED" and cut_short.info.end_time == uncut.info.end_time
    for name in uncut.data.metrics:
        assert curve(client, cut_short, name) == curve(client, uncut, name)


def test_what_is_sent_twice_is_there_once(home: Path) -> None:
    client = open_client()
    for _ in range(2):
        send_run(client, forged_post())
    assert len(kept_runs(client)) == 1
