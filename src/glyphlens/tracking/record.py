"""What is known of a finished training, independent of where it is sent."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class RunRecord:
    """One training: what went in, how it went and what came out."""

    stage: str  # of dvc.yaml, an item of a matrix as kanji@cnn
    params: dict[str, Any]  # nested as in params.yaml
    data: dict[str, str]  # path → SHA-256
    code: str  # SHA-256
    seconds: float
    curves: list[tuple[int, str, float]]  # step, name, value
    metrics: dict[str, float]  # final numbers


class PostedRun(BaseModel):
    """A record with what was true when it was posted; it may reach the tracker days later."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    id: str  # hexadecimal; the tracker has at most one run of it
    end_ms: int  # when the training ended, milliseconds since 1970
    tags: dict[str, str]
    record: RunRecord
