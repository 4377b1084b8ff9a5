"""What every training has in common: length, optimiser, schedule, averaging, validation."""

from typing import Literal

from pydantic import Field

from glyphlens.core.params import Section


class TrainingParams(Section):
    """Settings of the one training loop; lengths are optimiser steps, shares are of ``steps``."""

    batch: int = Field(ge=2)
    steps: int = Field(ge=1)
    lr: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_share: float = Field(ge=0, lt=1)
    schedule: Literal["cosine", "plateau"]
    smoothing: float = Field(ge=0, lt=1)
    clip: float = Field(gt=0)
    ema_decay: float = Field(ge=0, lt=1)
    precision: Literal["bf16-mixed", "32-true"]
    validate_every: int = Field(ge=1)
    patience: int = Field(ge=1)
    keep_last: int = Field(ge=1)
