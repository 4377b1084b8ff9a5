"""Records as a training leaves them, and what MLflow has of them."""

from typing import Any

from glyphlens.tracking.record import PostedRun, RunRecord

CURVES = [
    (step, name, round(1 / (step + place), 6))
    for step in range(1, 61)
    for place, name in enumerate(("train_loss", "val_loss", "val_top1", "val_top5"))
]


def forged_record(stage: str = "kanji@cnn", **changes: Any) -> RunRecord:
    """Two curves of some length, nested parameters."""
    content: dict[str, Any] = {
        "stage": stage,
        "params": {"lr": 0.003, "network": {"width": 64, "kernels": [3, 5]}, "teacher": None},
        "data": {"data/kanji/samples": "5a" * 32},
        "code": "c0" * 32,
        "seconds": 90.5,
        "curves": CURVES,
        "metrics": {"val_top1": 0.75, "parameters": 1e6},
    }
    return RunRecord(**{**content, **changes})


def forged_post(identity: str = "ab12", **changes: Any) -> PostedRun:
    """The record as it waits for MLflow."""
    tags = {"dvc.stage": "kanji@cnn", "mlflow.source.git.commit": "0123456789"}
    return PostedRun(id=identity, end_ms=1_763_000_000_000, tags=tags, record=forged_record(**changes))


def kept_runs(client: Any) -> list[Any]:
    """Every run that MLflow has, the oldest first."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return sorted(client.search_runs(experiments), key=lambda run: run.info.end_time or 0)


def curve(client: Any, run: Any, name: str) -> list[tuple[int, float]]:
    """Steps and values of a metric."""
    return sorted((point.step, point.value) for point in client.get_metric_history(run.info.run_id, name))
