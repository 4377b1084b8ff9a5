"""Run by tests under torchrun and without it: one small training on digits; prints its curves as JSON.

``alone`` and ``torchrun`` are the command lines; the processes come of the server of tests/preloaded.py.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from glyphlens.training.batches import Batch
from glyphlens.training.loop import train
from glyphlens.training.task import ClassTask
from tests.preloaded import python
from tests.training.digits import FLOAT, DigitBatches, held_out, untrained
from tests.training.settings import kept_in

# Processes of the server are not its children, as they would be of a launcher; they are told which it is.
LAUNCHER = "LAUNCHER"
LAUNCH = f"import os; from torch.distributed.run import main; os.environ['{LAUNCHER}'] = str(os.getpid()); main()"


def alone(kind: str) -> list[str]:
    """The command line of the training in one process."""
    return [str(python()), "-m", "tests.training.two_processes", kind]


def torchrun(kind: str) -> list[str]:
    """The command line of the same in two."""
    return [str(python()), "-c", LAUNCH, "--standalone", "--nproc-per-node", "2", "--no-python", *alone(kind)]


def environment(**more: str) -> Mapping[str, str]:
    """For both: what this process can import they can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", **more}


class Interrupting(DigitBatches):
    """The launcher gets Ctrl-C when the first process asks for a step; time is left for it to be passed on."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """As ever."""
        at = int(os.environ.get("INTERRUPTED_AT") or -1)
        if step == at and os.environ["RANK"] == "0":
            os.kill(int(os.environ[LAUNCHER]), signal.SIGINT)
        if 0 <= at <= step:
            time.sleep(1)
        return super().batch(step, rank, world)


def plain() -> nn.Module:
    """A network without batch normalisation."""
    return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))


def main(kind: str) -> None:
    """Train ``plain`` or the ``cnn`` of the recognisers, alone or with the other processes."""
    torch.manual_seed(0)
    network = plain() if kind == "plain" else untrained()
    params = FLOAT.model_copy(update={"steps": 40, "validate_every": 10, "lr": 0.001})
    folder = Path(f"of {os.environ.get('WORLD_SIZE', '1')}")
    trained = train(network, Interrupting(), held_out(), params, task=ClassTask(0.05), **kept_in(folder))
    print(json.dumps(trained.curves.to_numpy().tolist()))


if __name__ == "__main__":
    main(sys.argv[1])
