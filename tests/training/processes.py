"""Processes for trainings that are ended on the way: children of a server that has the imports behind it."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

# torch, lightning and all that the loop imports: seconds for every process that starts without them.
PRELOADED = ["glyphlens.training.loop", "tests.training.test_loop"]


def started(target: Callable[..., object], *args: Any) -> BaseProcess:
    """A process of its own, with signals and a way to start others as in a fresh one."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    process = processes.Process(target=as_fresh, args=(target, *args))
    with pytest.MonkeyPatch.context() as patched:  # what cannot be found is not preloaded, without a word
        patched.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        process.start()
    return process


def as_fresh(target: Callable[..., object], *args: Any) -> None:
    """The target, whose workers would otherwise come of a server of their own, which imports everything again."""
    multiprocessing.set_start_method(None, force=True)
    target(*args)


def exit_code(target: Callable[..., object], *args: Any) -> int | None:
    """How a process ends."""
    process = started(target, *args)
    process.join()
    return process.exitcode
