"""What a training asks of the machine."""

import subprocess
import sys

PAGE_FAULTS = """
import resource, torch
from glyphlens.training.machine import keep_freed_memory
if {kept}:
    keep_freed_memory()
def step():
    return [torch.ones(3 << 20) for _ in range(4)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(kept: bool) -> int:
    program = PAGE_FAULTS.format(kept=kept)
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def test_memory_that_a_step_frees_is_kept_for_the_next() -> None:
    assert page_faults(kept=True) * 10 < page_faults(kept=False)
