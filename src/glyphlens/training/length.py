"""How long and how fast a training learns that may begin with weights in git."""

from pydantic import Field

from glyphlens.core.params import Section


class FromRandom(Section):
    """Steps and rate of a training that has no start to begin with."""

    steps: int = Field(ge=1)
    lr: float = Field(gt=0)
