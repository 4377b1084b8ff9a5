"""Models as the reading processes have them open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, cast

import numpy as np

from glyphlens.api import LoadedModel, load
from glyphlens.commands.answers import Names
from glyphlens.commands.candidates import open_candidates
from glyphlens.commands.predict import picture_feeds
from glyphlens.commands.similar import EVERYTHING
from glyphlens.core.storage import sha256_file
from glyphlens.inference.line_reader import LineReader
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import BATCH, GEOMETRY, RASTER, Recognizer
from glyphlens.inference.streams import LineRecognizer
from glyphlens.inference.words import WordBreaker
from glyphlens.tracks.arabic.export.manifest import SCRIPT
from glyphlens.tracks.arabic.members import Member, class_members, likely_first

PROBES = (2, 7, 64)  # pictures that are read together to see whether each is read as if alone
VERSION_DIGITS = 12


@dataclass(frozen=True, eq=False)
class OpenModel:
    """An opened model under the name that clients call it by."""

    name: str
    version: str
    model: LoadedModel

    @property
    def network(self) -> Recognizer | LineReader | LineRecognizer:
        """What runs."""
        return self.model.network

    @cached_property
    def endpoints(self) -> tuple[str, ...]:
        """The kinds of requests that it answers."""
        if isinstance(self.network, LineReader):
            return ("read",)
        if isinstance(self.network, LineRecognizer):
            return ("scan",)
        is_font_reader = GEOMETRY in self.network.inputs and (self.network.manifest.script or SCRIPT) == SCRIPT
        has_neighbours = self.network.prototypes is not None
        kinds = {"predict": RASTER in self.network.inputs, "identify": is_font_reader, "similar": has_neighbours}
        return tuple(kind for kind, is_answered in kinds.items() if is_answered)

    @property
    def facts(self) -> dict[str, Any]:
        """What the server tells of it."""
        return {
            "name": self.name,
            "version": self.version,
            "endpoints": self.endpoints,
            "answers": len(self.model.labels),
        }

    @property
    def recognizer(self) -> Recognizer:
        """The network of the endpoints for pictures and fonts."""
        return cast(Recognizer, self.network)

    @cached_property
    def batch(self) -> int:
        """How many pictures the network reads at once: 1 unless each is then read exactly as if alone.

        A network that takes its ranges from the batch (dynamic int8) answers one client by what others send.
        """
        return BATCH if _is_alike_together(self.recognizer) else 1

    @cached_property
    def members(self) -> Sequence[tuple[Member, ...]]:
        """The labels of every class."""
        return class_members(self.recognizer.classes)

    @cached_property
    def names(self) -> Callable[[str | None], Names]:
        """By language: the labels of every class, the likeliest first."""
        return cache(lambda language: likely_first(self.members, language))

    @cached_property
    def everything(self) -> Prototypes:
        """Of all that can be similar."""
        return open_candidates(self.recognizer, "similar").chosen(EVERYTHING)

    @cached_property
    def words(self) -> WordBreaker:
        """The list of words beside it."""
        return WordBreaker.load(self.network.path.parent)


def open_reading(name: str, address: str, version: str) -> OpenModel:
    """Open a model and let it read once, so that the first client need not wait; raises GlyphlensError."""
    model = load(address)
    opened = OpenModel(name, version or sha256_file(model.network.path)[:VERSION_DIGITS], model)
    if "predict" in opened.endpoints:
        _ = opened.batch, opened.names(None)
    if "similar" in opened.endpoints:
        _ = opened.everything
    return opened


def _is_alike_together(recognizer: Recognizer) -> bool:
    """Whether random pictures, some faint, get the very same numbers whatever they are read with."""
    generator = np.random.default_rng(0)
    inked_NHW = generator.random((max(PROBES), *recognizer.inputs[RASTER].shape)) < 0.2
    levels_N = generator.integers(40, 256, max(PROBES)).astype(np.uint8)
    pictures_NHW = inked_NHW * levels_N[:, None, None]
    alone_NC = recognizer.logits(picture_feeds(recognizer, pictures_NHW), 1)
    feeds = {count: picture_feeds(recognizer, pictures_NHW[:count]) for count in PROBES}
    return all(np.array_equal(recognizer.logits(feeds[count], count), alone_NC[:count]) for count in PROBES)
