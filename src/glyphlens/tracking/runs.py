"""A posted run → a run of MLflow with its parameters, curves, final metrics and tags, however often it is sent."""

from typing import TYPE_CHECKING

from glyphlens.core.params import flat_params
from glyphlens.tracking.client import experiment_id
from glyphlens.tracking.record import PostedRun

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

# What MLflow takes at a time (mlflow.utils.validation).
PARAMS_A_CALL, METRICS_A_CALL, LONGEST_PARAM = 100, 1000, 6000
ID_TAG = "glyphlens.id"
WHOLE = "FINISHED"


def send_run(client: "MlflowClient", posted: PostedRun) -> None:
    """Make MLflow have the whole run exactly once; a run that was cut short on its way is completed.

    It is a run of the experiment ``glyphlens/<stage>``, that of all items where the stage is a matrix. Curves are
    metrics named ``curves/<name>``, final metrics have their own names. Raises MlflowException where it is refused.
    """
    from mlflow.entities import Param

    experiment = experiment_id(client, f"glyphlens/{posted.record.stage.partition('@')[0]}")
    found = client.search_runs([experiment], f"tags.`{ID_TAG}` = '{posted.id}'")
    if found and found[0].info.status == WHOLE:
        return
    run_id = found[0].info.run_id if found else _new_run(client, experiment, posted)
    params = [Param(name, _cut(value)) for name, value in flat_params(posted.record.params).items()]
    for start in range(0, len(params), PARAMS_A_CALL):
        client.log_batch(run_id, params=params[start : start + PARAMS_A_CALL])
    metrics = _metrics(posted)
    for start in range(0, len(metrics), METRICS_A_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_A_CALL])
    client.set_terminated(run_id, WHOLE, end_time=posted.end_ms)


def _cut(value: str) -> str:
    """What MLflow has room for."""
    return value if len(value) <= LONGEST_PARAM else f"{value[: LONGEST_PARAM - 1]}…"


def _new_run(client: "MlflowClient", experiment: str, posted: PostedRun) -> str:
    """The id of a new run of the training's own time, named after the item and the experiment or commit."""
    tags = posted.tags
    item = posted.record.stage.rpartition("@")[2]
    origin = tags.get("dvc.experiment") or tags.get("mlflow.source.git.commit", posted.id)[:7]
    run = client.create_run(
        experiment,
        start_time=posted.end_ms - round(posted.record.seconds * 1000),
        tags={ID_TAG: posted.id, **tags},
        run_name=f"{item}-{origin}",
    )
    return str(run.info.run_id)


def _metrics(posted: PostedRun) -> "list[Metric]":
    """Equal on every call, so that MLflow knows again what it has of a run that was cut short."""
    from mlflow.entities import Metric

    record, end_ms = posted.record, posted.end_ms
    curves = [Metric(f"curves/{name}", value, end_ms, step) for step, name, value in record.curves]
    return curves + [Metric(name, value, end_ms, 0) for name, value in record.metrics.items()]
