"""Where a training runs: the device and threads that decide its result, and its place among the processes of torchrun.

torchrun tells a process about itself by environment variables; a process on its own is the first of one.
"""

import os
from typing import NamedTuple

import torch


class Machine(NamedTuple):
    """``device``: the GPU by its name, or CPU. ``threads``: of torch in this process."""

    device: str
    threads: int


def this_machine() -> Machine:
    """The machine as torch uses it now."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return Machine(device, torch.get_num_threads())


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
