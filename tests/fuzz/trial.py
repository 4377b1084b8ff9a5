"""What is tried: the files of a target, broken in turn, and what holds for every one of them."""

import resource
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glyphlens.core.errors import GlyphlensError
from tests.fuzz.mutations import mutated

SEED = 20261126
KIB = 1024
RESET_PEAK = "5"  # proc(5), /proc/pid/clear_refs
Generator = np.random.Generator


class Seed(NamedTuple):
    """A whole file, or what is broken of it before ``pack`` makes the file."""

    name: str
    data: bytes
    is_text: bool = False
    pack: Callable[[bytes, Generator], bytes] | None = None


@dataclass(frozen=True)
class Target:
    """One way in. ``attempt`` reads the file of that name: it answers or raises the project's own error, in which
    ``says`` (by default the name) is found.

    ``processor_seconds`` and ``memory_mib``: what one input may cost.
    """

    name: str
    seeds: Sequence[Seed]
    attempt: Callable[[str, bytes], None]
    says: Callable[[str], Sequence[str]] = lambda name: (name,)
    processor_seconds: float = 10.0
    memory_mib: int = 512

    def input(self, number: int) -> tuple[str, bytes]:
        """Name and bytes of an input: first every file as it is, then broken ones."""
        rng = np.random.default_rng([SEED, zlib.crc32(self.name.encode()), number])
        seed = self.seeds[number if number < len(self.seeds) else int(rng.integers(len(self.seeds)))]
        data = seed.data
        if number >= len(self.seeds):
            data = mutated(data, [each.data for each in self.seeds], rng, is_text=seed.is_text)
        return seed.name, data if seed.pack is None else seed.pack(data, rng)


class Ending(IntEnum):
    """How an input ended."""

    ANSWER, REFUSAL, FAULT = 0, 1, 2


class Tried(NamedTuple):
    """What came of one input: ``fault`` says what was wrong, "" where all held."""

    ending: Ending
    seconds: float
    peak_kib: int
    fault: str


def tried(target: Target, number: int, name: str, data: bytes) -> Tried:
    """Let the target at an input, and look at all but what ends or stops this process."""
    Path("/proc/self/clear_refs").write_text(RESET_PEAK, encoding="ascii")
    before_kib, began = _status_kib("VmRSS"), _seconds()
    ending, fault = Ending.ANSWER, ""
    try:
        target.attempt(name, data)
    except GlyphlensError as error:
        ending, words = Ending.REFUSAL, target.says(name)
        if number < len(target.seeds):
            fault = f"a whole file is refused: {str(error)[:300]}"
        elif not any(word in str(error) for word in words):
            fault = f"the message names no {' or '.join(words)}: {str(error)[:300]}"
    except BaseException as error:  # noqa: BLE001 — whatever else there is, is what is looked for
        fault = f"{type(error).__name__}: {str(error)[:300]}"
    seconds, peak_kib = _seconds() - began, max(0, _status_kib("VmHWM") - before_kib)
    if not fault and seconds > target.processor_seconds:
        fault = f"took {seconds:.1f} s of processor time"
    if not fault and peak_kib > target.memory_mib * KIB:
        fault = f"took {peak_kib // KIB} MiB"
    return Tried(Ending.FAULT if fault else ending, seconds, peak_kib, fault)


def _seconds() -> float:
    """Processor time of this process, and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _status_kib(field: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split(f"{field}:", 1)[1].split(maxsplit=1)[0])
