"""A machine that is slower than this one, as far as its clock tells."""

import time

import pytest

TIMES = 40.0


def slow_down(patch: pytest.MonkeyPatch) -> None:
    """Let every measured second seem TIMES as long from now on."""
    real = time.perf_counter
    patch.setattr(time, "perf_counter", lambda: TIMES * real())
