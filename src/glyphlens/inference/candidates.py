"""Other classes for a recogniser with prototypes, named by whoever uses it.

C candidates · H×W pixels of the model's pictures
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import Recognizer


class CandidateReader(Protocol):
    """What a track brings for its models (``Track.candidates``): classes by what a user wrote.

    That is the path of a text file with a candidate per line, or such lines themselves. ``chosen`` and ``drawn`` raise
    InputError that names the line where a candidate cannot be made or is named twice, and where there is none.
    """

    def files(self, wanted: str) -> list[Path]:
        """What is read beside the model, its prototypes and the list itself."""
        ...

    def chosen(self, wanted: str) -> Prototypes:
        """The prototypes of the candidates, in their order."""
        ...

    def drawn(self, wanted: str) -> NDArray[np.uint8]:
        """(C, H, W) what each candidate looks like, as the model is shown pictures."""
        ...


CandidateOpener = Callable[[Recognizer], CandidateReader]


def among(recognizer: Recognizer, prototypes: Prototypes) -> Recognizer:
    """The same recogniser with other classes to choose among."""
    known = {entry.label: entry for entry in recognizer.classes}
    classes = tuple(known.get(label) or CharacterClass(label, code_points_of(label)) for label in prototypes.labels)
    manifest = recognizer.manifest.model_copy(update={"classes": classes})
    return replace(recognizer, manifest=manifest, prototypes=prototypes)


def code_points_of(label: str) -> tuple[str, ...]:
    """That of a single character; none for any other name.

    >>> code_points_of("石"), code_points_of("my own")
    (('U+77F3',), ())
    """
    return (f"U+{ord(label):04X}",) if len(label) == 1 else ()
