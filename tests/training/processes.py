"""Processes for trainings that are ended on the way: children of a server that has the imports behind it."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

# torch, lightning and all that the loop imports: seconds for every process that starts without them.
PRELOADED = ["glyphlens.training.loop", "tests.training.test_loop"]


def started(target: Callable[..., object], *args: Any) -> BaseProcess:
    """A process of its own, with signals as in a fresh one."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    process = processes.Process(target=target, args=args)
    process.start()
    return process


def exit_code(target: Callable[..., object], *args: Any) -> int | None:
    """How a process ends."""
    process = started(target, *args)
    process.join()
    return process.exitcode
