"""The section ``machine`` of params.yaml: how work is spread on this computer. No result and no stage depends on it."""

from pydantic import Field

from glyphlens.core.params import Section


class MachineParams(Section):
    """Numbers of processes: ``workers`` of the stages that draw and read, ``batch_workers`` of a training.

    The latter make batches ahead of their step; 0 makes each when it is wanted.
    """

    workers: int = Field(ge=1)
    batch_workers: int = Field(ge=0)
