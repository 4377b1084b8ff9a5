import os
import signal

import numpy as np  # noqa: F401 - loads a BLAS whose threads can be counted
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.shards import THREAD_VARIABLES, map_shards, shard_slices


def double(number: int) -> int:
    return 2 * number


def process(_: int) -> int:
    return os.getpid()


def refuse(number: int) -> int:
    raise InputError(f"row {number} is bad")


def die(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    assert list(map_shards(double, range(9), workers, "doubling")) == [*range(0, 18, 2)]


def test_no_shard_has_no_results() -> None:
    assert list(map_shards(double, [], 2, "none")) == []


def test_one_worker_stays_in_this_process() -> None:
    assert set(map_shards(process, range(3), 1, "one")) == {os.getpid()}
    assert os.getpid() not in set(map_shards(process, range(3), 2, "two"))


def threads(_: int) -> list[str | None]:
    return [os.environ.get(name) for name in THREAD_VARIABLES]


def test_workers_use_one_thread_each_and_this_process_as_many_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = THREAD_VARIABLES
    monkeypatch.setenv(first, "7")
    for name in others:
        monkeypatch.delenv(name, raising=False)
    assert list(map_shards(threads, range(2), 2, "asking")) == [["1"] * len(THREAD_VARIABLES)] * 2
    assert threads(0) == ["7", *[None] * len(others)]


def blas_threads(_: int) -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.parametrize("workers", [1, 2])
def test_linear_algebra_of_a_shard_uses_one_thread(workers: int) -> None:
    with threadpool_limits(2, user_api="blas"):
        assert list(map_shards(blas_threads, range(2), workers, "asking")) == [{1}, {1}]
        assert blas_threads(0) == {2}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_shard_is_passed_on(workers: int) -> None:
    with pytest.raises(InputError, match="row 0 is bad"):
        list(map_shards(refuse, range(4), workers, "refusing"))


def test_a_killed_worker_is_explained() -> None:
    with pytest.raises(GlyphlensError, match="worker process was killed.*lower `machine.workers`.*now 2"):
        list(map_shards(die, range(4), 2, "dying"))


@pytest.mark.parametrize(("rows", "per"), [(0, 3), (1, 3), (3, 3), (10, 3)])
def test_slices_cover_everything_once(rows: int, per: int) -> None:
    covered = [row for part in shard_slices(rows, per) for row in range(rows)[part]]
    assert covered == [*range(rows)]
