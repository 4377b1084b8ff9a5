"""What of the machine decides a training's result, beside its settings, data and code."""

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
