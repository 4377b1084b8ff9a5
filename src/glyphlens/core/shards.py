"""Work spread in shards over processes, or over a cluster: results in the shards' order, with a progress bar."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from glyphlens.core.errors import GlyphlensError

# What numpy, OpenCV and others ask for their number of threads, once, when they are loaded.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")

Shard = TypeVar("Shard")
Result = TypeVar("Result")


def map_shards(
    function: Callable[[Shard], Result], shards: Sequence[Shard], workers: int, description: str
) -> Iterator[Result]:
    """``function`` of every shard, in order, on one thread everywhere; in this process where ``workers`` is 1.

    On the cluster instead where params.yaml names one; the results are the same. Raises GlyphlensError where a process
    is killed (of a cluster: again and again), and whatever ``function`` raises.
    """
    from glyphlens.core.cluster import on_cluster, scheduler_address  # commands start without pydantic

    address = scheduler_address() if shards else None
    with tqdm(total=len(shards), desc=description, unit="shard") as bar:
        if address is not None:
            results = on_cluster(partial(on_one_thread, function), shards, address, description)
        elif workers == 1 or len(shards) <= 1:
            results = map(partial(on_one_thread, function), shards)
        else:
            results = _in_processes(function, shards, workers, description)
        for result in results:
            yield result
            bar.update()


def on_one_thread(function: Callable[[Shard], Result], shard: Shard) -> Result:
    """``function`` of a shard, without threads of linear algebra and OpenMP beside this one."""
    with threadpool_limits(1):
        return function(shard)


def _in_processes(
    function: Callable[[Shard], Result], shards: Sequence[Shard], workers: int, description: str
) -> Iterator[Result]:
    # spawned, not forked: the parent holds threads of Arrow and OpenMP
    processes = min(workers, len(shards))
    with one_thread_each(), ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(function, shards)
        except BrokenProcessPool as error:
            raise GlyphlensError(
                f"{description}: a worker process was killed, most likely for lack of memory; "
                f"lower `machine.workers` in params.yaml (now {workers})"
            ) from error


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes started in the block use one thread: as many as cores in each would only wait for each other."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def shard_slices(rows: int, rows_per_shard: int) -> list[slice]:
    """Consecutive slices that cover ``rows``."""
    return [slice(start, min(start + rows_per_shard, rows)) for start in range(0, rows, rows_per_shard)]
