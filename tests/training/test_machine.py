"""What a training asks of the machine."""

import subprocess
import sys

STEPS, PAGES = 20, 8 * 4096  # pages of 4 KiB that a step writes to
PAGE_FAULTS = f"""
import resource, torch
from glyphlens.training.machine import keep_freed_memory
keep_freed_memory()
def faults(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        [torch.ones(4096 * {PAGES // 8} // 4) for _ in range(8)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(5)
print(faults({STEPS}))
"""


def test_memory_that_a_step_frees_is_kept_for_the_next() -> None:
    found = subprocess.run([sys.executable, "-c", PAGE_FAULTS], check=True, capture_output=True, text=True).stdout
    assert int(found) < STEPS * PAGES // 10
