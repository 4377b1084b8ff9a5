"""Small settings that the training tests share."""

from typing import Any

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
    "label_words": True,
    "clean_share": 0.3,
    "token_noise": 0.03,
    "aux_weight": 0.1,
    "margin": 0.1,
    "margin_kind": "cosface",
    "margin_warmup": [0.1, 0.3],
}
