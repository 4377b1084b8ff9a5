"""What torchrun tells a process of itself, by environment variables; a process alone is the first of one."""

import os


def world_size() -> int:
    """How many processes train together, on all nodes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_world_size() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def rank() -> int:
    """Which of all of them this is; 0 is the first, that writes what a stage writes."""
    return int(os.environ.get("RANK", "0"))
