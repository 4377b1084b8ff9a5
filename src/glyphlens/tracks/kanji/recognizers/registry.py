"""The recognisers of whole characters: one module each, found by name, so that a change of one re-trains it alone.

A module has ``Settings`` (its ``network`` part in params.yaml), ``Config``, ``config(settings, classes, structure)``
and ``Network``, whose ``reads`` says what it takes: ``raster`` (N, 1, 64, 64) float ink in 0..1, or ``strokes``
(N, 24, 17) float.
"""

from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from pydantic import Field
from torch import nn

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import PARAMS_FILE, Section
from glyphlens.nets.weights import recognizer_module
from glyphlens.sources.structure import Structure

S = TypeVar("S", bound=Section)


class RecognizerParams(Section, Generic[S]):
    """A section ``recognizers.<name>``: the network, and what its training has of its own."""

    network: S
    steps: int = Field(ge=1)
    batch: int = Field(ge=2)
    lr: float = Field(gt=0)


@runtime_checkable
class KnowsStructure(Protocol):
    """A recogniser that must know what its classes are made of."""

    def describe(self, structure: Structure) -> None:
        """Keep what the network needs of it; raises ValueError where it does not fit the network."""
        ...


def params_model(name: str) -> type[RecognizerParams[Any]]:
    """The model of the section ``recognizers.<name>``."""
    settings: Any = recognizer_module(name).Settings
    model: Any = RecognizerParams.__class_getitem__(settings)
    return cast("type[RecognizerParams[Any]]", model)


def build(name: str, settings: Section, classes: int, structure: Structure) -> nn.Module:
    """A fresh network that knows the structure of its classes; seed torch before.

    Raises ParamsError where the settings do not fit together.
    """
    module = recognizer_module(name)
    try:
        network: nn.Module = module.Network(module.config(settings, classes, structure))
    except ValueError as error:
        raise ParamsError(f"{PARAMS_FILE}: recognizers.{name}.network: {error}") from error
    if isinstance(network, KnowsStructure):
        network.describe(structure)
    return network
