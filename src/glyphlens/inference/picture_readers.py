"""How the ink of a photo or scan becomes the picture that a model reads, by the rule in the model's manifest.

Which ink that is, ``imaging.picture_ink`` says.

H×W pixels of the photo · h×w pixels of the model's picture
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.inference.folder import AGAIN, LABELS
from glyphlens.inference.recognizer import Recognizer

if TYPE_CHECKING:
    from glyphlens.inference.streams import LineRecognizer

Prepare = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]  # (H, W) ink, 0 paper to 255 → (h, w)


class PictureReader(Protocol):
    """What a track brings for its models (``Track.readers``); ``handwriting_reader`` serves those without one."""

    def __call__(self, recognizer: Recognizer, *, diacritic: bool) -> Prepare:
        """The preparation; ``diacritic`` where the user says that the pictures show small marks.

        Raises InputError where the manifest has no such rule, or the model knows no such marks.
        """
        ...


def handwriting_reader(recognizer: "Recognizer | LineRecognizer", *, diacritic: bool) -> Prepare:
    """As cells with a written character are prepared, but for the clearing of their edges, where a picture may have
    strokes; the manifest's rule has the fields of ``HandwritingParams``.
    """
    from glyphlens.imaging.handwriting import HandwritingParams, prepare

    if diacritic:
        script = recognizer.manifest.script.title()
        raise InputError(f"--diacritic: {recognizer.path} reads {script} characters, which have no such size")
    try:
        rule = HandwritingParams.model_validate(recognizer.manifest.preparation).model_copy(update={"edge_share": 0.0})
    except ValidationError as error:
        raise wrong_rule(recognizer, HandwritingParams) from error

    def prepared(ink_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        picture_hw: NDArray[np.uint8] = prepare(ink_HW[None], rule)[0]
        if not picture_hw.any():
            raise InputError("nothing to see: only dust or faint noise, no stroke is left when it is taken away")
        return picture_hw

    return prepared


def wrong_rule(recognizer: "Recognizer | LineRecognizer", expected: type[Section]) -> InputError:
    """The error of a manifest whose rule of preparation is not the expected one."""
    return InputError(
        f"{recognizer.path.with_name(LABELS)}: 'rule' is {recognizer.manifest.preparation}, expected "
        f"{', '.join(expected.model_fields)}; {AGAIN}"
    )
