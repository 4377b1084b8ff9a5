"""A process pool over shards: results in the shards' order, with a progress bar."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from tqdm import tqdm

from glyphlens.errors import GlyphlensError

Shard = TypeVar("Shard")
Result = TypeVar("Result")


def map_shards(
    function: Callable[[Shard], Result], shards: Sequence[Shard], workers: int, description: str
) -> Iterator[Result]:
    """``function`` of every shard, in order; in this process where ``workers`` is 1.

    Raises GlyphlensError where a worker is killed, and whatever ``function`` raises.
    """
    bar = tqdm(total=len(shards), desc=description, unit="shard")
    with bar:
        if workers == 1 or len(shards) == 1:
            for shard in shards:
                yield function(shard)
                bar.update()
            return
        # spawned, not forked: the parent holds threads of Arrow and OpenMP
        with ProcessPoolExecutor(min(workers, len(shards)), mp_context=get_context("spawn")) as pool:
            try:
                for result in pool.map(function, shards):
                    yield result
                    bar.update()
            except BrokenProcessPool as error:
                raise GlyphlensError(
                    f"{description}: a worker process was killed, most likely for lack of memory; "
                    f"lower `workers` in params.yaml (now {workers})"
                ) from error


def shard_slices(rows: int, rows_per_shard: int) -> list[slice]:
    """Consecutive slices that cover ``rows``."""
    return [slice(start, min(start + rows_per_shard, rows)) for start in range(0, rows, rows_per_shard)]
