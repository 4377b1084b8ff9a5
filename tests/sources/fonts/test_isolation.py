import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from glyphlens.core.errors import InputError
from glyphlens.sources.fonts.isolation import Limits, run_isolated

LIMITS = Limits(seconds=600, memory_mib=512)
HANGS_S = 3600


def run(task, items, limits=LIMITS, workers=2):
    return sorted(run_isolated(task, items, limits, workers))


def double(item):
    return 2 * item


def misbehave(item):
    if item == "hang":
        time.sleep(HANGS_S)
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "exit":
        os._exit(7)
    if item == "memory":
        return len(bytearray(4 << 30))
    if item == "input":
        raise InputError("a broken table")
    if item == "bug":
        raise KeyError("glyf")
    return item


def test_every_item_has_its_outcome():
    assert [(outcome.number, outcome.result) for outcome in run(double, list(range(7)), workers=3)] == [
        (number, 2 * number) for number in range(7)
    ]


def test_no_items():
    assert run(double, []) == []


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("die", "SIGKILL"),
        ("exit", "exit status 7"),
        ("memory", "needs more than 512 MiB"),
        ("input", "a broken table"),
        ("bug", "KeyError: 'glyf'"),
    ],
)
def test_a_bad_item_is_named_and_the_others_go_on(item, reason):
    outcomes = run(misbehave, ["fine", item, "well"])
    assert [outcome.result for outcome in outcomes] == ["fine", None, "well"]
    assert reason in outcomes[1].reason


def test_a_hanging_item_is_ended():
    start = time.monotonic()
    outcomes = run(misbehave, ["hang", "fine"], Limits(seconds=3, memory_mib=512))
    assert time.monotonic() - start < HANGS_S
    assert outcomes[0].reason == "took longer than 3 s" and outcomes[1].result == "fine"


def test_each_process_has_one_thread():
    """One of several processes: with as many threads as cores in each, they would wait for each other."""
    with threadpool_limits(2):
        outcomes = run(_threads, range(2))
        assert set(_threads(None)) == {2}
    assert [set(outcome.result) for outcome in outcomes] == [{1}, {1}]


def test_results_larger_than_a_pipe_come_through():
    (outcome,) = run(bytes, [5_000_000])
    assert outcome.result == bytes(5_000_000)


def test_leaving_early_leaves_no_process_behind():
    outcomes = run_isolated(_pid_then_wait, [0, 30], LIMITS, 2)
    first = next(outcomes)
    assert first.result not in {child.pid for child in multiprocessing.active_children()}
    assert len(multiprocessing.active_children()) == 1
    outcomes.close()
    assert multiprocessing.active_children() == []


def _pid_then_wait(seconds):
    time.sleep(seconds)
    return os.getpid()


def _threads(_):
    """Threads of every pool that numpy brings; its product makes sure that there is one."""
    np.ones((9, 9)) @ np.ones((9, 9))
    return [pool["num_threads"] for pool in threadpool_info()]
