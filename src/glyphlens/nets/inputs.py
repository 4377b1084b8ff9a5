"""What a network of one input reads: pictures or stroke sequences, by the name of that input in its exported file."""

from typing import ClassVar, Literal, Protocol, runtime_checkable

from torch import nn

from glyphlens.core.errors import InputError

Reads = Literal["raster", "strokes"]


@runtime_checkable
class OneInput(Protocol):
    """A network that says what it reads: ``raster`` (N, 1, H, W) float ink in 0..1, or ``strokes`` (N, S, F) float."""

    reads: ClassVar[Reads]


def reads_of(network: nn.Module) -> Reads:
    """What a network reads; raises InputError for one that does not say so."""
    if not isinstance(network, OneInput):
        raise InputError(f"{type(network).__module__}: {type(network).__name__} does not say what it reads (`reads`)")
    return network.reads
