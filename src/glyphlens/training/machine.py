"""Where a training runs: the device and threads that decide its result, and its place among the processes of torchrun.

torchrun tells a process about itself by environment variables; a process on its own is the first of one.
"""

import ctypes
import os
from typing import NamedTuple

import torch

# numbers of glibc's malloc.h, and values: the largest threshold that it takes, and no limit in practice
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
LARGEST_FROM_HEAP, KEPT, AHEAD = 32 << 20, 1 << 30, 64 << 20  # bytes


BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")  # what processors that compute in it call that, the last one ARM's


class Machine(NamedTuple):
    """``device``: the GPU by its name, CPU, or CPU without bfloat16. ``threads``: of torch in this process."""

    device: str
    threads: int


def this_machine() -> Machine:
    """The machine as torch uses it now."""
    if torch.cuda.is_available():
        device = torch.cuda.get_device_name()
    else:
        device = "CPU" if computes_in_bfloat16() else "CPU without bfloat16"
    return Machine(device, torch.get_num_threads())


def computes_in_bfloat16() -> bool:
    """Whether the device itself does; others imitate it, convolutions twenty times as slowly and LSTMs not at all."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in BFLOAT16)


def compute_device() -> torch.device:
    """The GPU where there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def world_size() -> int:
    """How many processes train together, on all nodes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_world_size() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def rank() -> int:
    """Which of all of them this is; 0 is the first, that writes what a stage writes."""
    return int(os.environ.get("RANK", "0"))


def keep_freed_memory() -> None:
    """Let the C library keep the memory that a step frees for the next one; it changes no result.

    By default glibc gives large pieces back to the system, which clears them anew for every step: a tenth of the
    processor time of a training here. Nothing happens where the C library has no such setting. Source: mallopt(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((MMAP_THRESHOLD, LARGEST_FROM_HEAP), (TRIM_THRESHOLD, KEPT), (TOP_PAD, AHEAD)):
            mallopt(setting, value)
