"""The recognisers of scans: one module each, found by name, so that a change of one re-trains it alone.

A module has ``Settings`` (its ``network`` part in params.yaml), ``Config``, ``config(settings, classes, lines,
samples)`` and ``Network``: (N, L, S) float32 lines, NaN where missing → (N, L, C) logits after every line, or
(N, 1, C) after the last.
"""

from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, runtime_checkable

from pydantic import Field
from torch import Tensor, nn

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import PARAMS_FILE, Section
from glyphlens.nets.weights import recognizer_module
from glyphlens.training.length import FromRandom

S = TypeVar("S", bound=Section)


class ScanRecognizerParams(Section, Generic[S]):
    """A section ``scan_recognizers.<name>``: the network, and what its training has of its own.

    ``start``: whether it begins with weights in git where they fit; where it does not, ``from_random`` says how long
    and how fast it learns.
    """

    network: S
    start: bool
    from_random: FromRandom
    steps: int = Field(ge=1)
    batch: int = Field(ge=2)
    lr: float = Field(gt=0)


@runtime_checkable
class StreamingNetwork(Protocol):
    """A recogniser that also takes a scan one line at a time; ``cache_names`` are those of its cache's tensors."""

    cache_names: ClassVar[tuple[str, ...]]

    def start(self, count: int) -> tuple[Tensor, ...]:
        """The cache before the first line of ``count`` scans: tensors of ``count`` rows, all 0."""
        ...

    def step(self, line_NS: Tensor, cache: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more line of each scan → (N, C) logits after it, and the cache for the next."""
        ...


def scan_params_model(name: str) -> type[ScanRecognizerParams[Any]]:
    """The model of the section ``scan_recognizers.<name>``."""
    settings: Any = recognizer_module(name).Settings
    model: Any = ScanRecognizerParams.__class_getitem__(settings)
    return cast("type[ScanRecognizerParams[Any]]", model)


def build_recognizer(name: str, settings: Section, classes: int, shape_LS: tuple[int, int]) -> nn.Module:
    """A fresh network for scans of so many lines and samples; seed torch before.

    Raises ParamsError where the settings do not fit together.
    """
    module = recognizer_module(name)
    try:
        network: nn.Module = module.Network(module.config(settings, classes, *shape_LS))
    except ValueError as error:
        raise ParamsError(f"{PARAMS_FILE}: scan_recognizers.{name}.network: {error}") from error
    return network
