"""Small settings that the training tests share, and a training's folder."""

from pathlib import Path
from typing import Any

from glyphlens.training.checkpoints import Identity, newest_state
from glyphlens.training.run import CheckpointParams, TrainingRun

COMMON: dict[str, Any] = {
    "batch": 8,
    "steps": 24,
    "lr": 0.003,
    "weight_decay": 0.01,
    "warmup_share": 0.1,
    "schedule": "cosine",
    "smoothing": 0.0,
    "clip": 1.0,
    "ema_decay": 0.9,
    "precision": "bf16-mixed",
    "validate_every": 6,
    "patience": 20,
    "keep_last": 2,
}
GLYPH: dict[str, Any] = {
    "start": False,
    "from_random": {"steps": 24, "lr": 0.003},
    "backbone": "cnn",
    "width": 8,
    "blocks": 1,
    "patch": 4,
    "layers": 1,
    "d_model": 16,
    "heads": 2,
    "mlp": 16,
    "dropout": 0.1,
    "geometry": True,
    "geometry_dropout": 0.2,
    "class_balance": 0.5,
    "companion_rows": 3,
    "other_rows": 1,
    "label_words": True,
    "clean_share": 0.3,
    "token_noise": 0.03,
    "aux_weight": 0.1,
    "margin": 0.1,
    "margin_kind": "cosface",
    "margin_warmup": [0.1, 0.3],
}


def run_in(folder: Path, minutes: float = 5, workers: int = 0) -> TrainingRun:
    """A run of no stage in a folder that may hold an unfinished one, with a state every few minutes."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = Identity("test", {}, {}, "", "", 1)
    checkpoint = CheckpointParams(resume="auto", minutes=minutes)
    return TrainingRun(identity, folder, checkpoint, workers, newest_state(folder))


def kept_in(folder: Path, minutes: float = 5, workers: int = 0) -> dict[str, Any]:
    """What ``train`` is told of a run whose curves lie in its own folder."""
    return {"seed": 3, "run": run_in(folder, minutes, workers), "curves": folder / "curves"}
