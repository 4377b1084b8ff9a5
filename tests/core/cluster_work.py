"""What the tests have done on a cluster: workers import this module, and would take seconds over that of the tests."""

import os
import signal
import time

from glyphlens.core.errors import InputError


def doubled(number: int) -> int:
    return 2 * number


def slowly_told(number: int) -> tuple[int, int]:
    """The number and the process; slowly, so that no worker does everything."""
    time.sleep(0.1)
    return number, os.getpid()


def refuse(number: int) -> int:
    raise InputError(f"row {number} is bad")


def die(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0
