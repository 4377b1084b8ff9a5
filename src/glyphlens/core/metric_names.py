"""Which way a metric is better, by the words of its name; for scores, targets, comparisons and charts alike."""

from typing import Literal

# +1: higher is better. Counts have no better or worse.
BETTER = {
    "top1": +1,
    "top5": +1,
    "f1": +1,
    "accuracy": +1,
    "agreement": +1,
    "cosine": +1,
    "mean": +1,
    "recall": +1,
    "precision": +1,
    "effect": +1,
    "exact": +1,
    "gain": +1,
    "kept": +1,
    "saved": +1,
    "cer": -1,
    "ece": -1,
    "error": -1,
    "fpr": -1,
    "gap": -1,
    "loss": -1,
    "mb": -1,
    "warned": -1,
    "failed": -1,
}


def better_sign(name: str) -> int | None:
    """+1 where more of a metric is better, -1 where less is; None where neither is known.

    The last of its words that is known says it; ``mean_`` in front of what is averaged says nothing.

    >>> better_sign("top1_at_half"), better_sign("ece"), better_sign("mean_lines")
    (1, -1, None)
    """
    known = [BETTER[word] for word in name.removeprefix("mean_").split("_") if word in BETTER]
    return known[-1] if known else None


def bound_sign(name: str) -> Literal["≥", "≤"]:
    """How a value of a metric relates to a target that it meets; raises ValueError where no way is known as better.

    >>> bound_sign("test_top1"), bound_sign("int8_loss")
    ('≥', '≤')
    """
    sign = better_sign(name)
    if sign is None:
        raise ValueError(f"{name}: no better or worse is known; see {__name__}.BETTER")
    return "≥" if sign > 0 else "≤"


def meets_target(name: str, value: float, target: float) -> bool:
    """Whether a value is as good as the target or better; NaN never is."""
    return value >= target if bound_sign(name) == "≥" else value <= target
