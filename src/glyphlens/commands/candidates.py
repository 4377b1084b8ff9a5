"""``--candidates``: what a model with prototypes chooses among, where its user says so."""

from glyphlens.core.errors import InputError
from glyphlens.inference.candidates import CandidateReader, among
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks import candidate_opener


def with_candidates(recognizer: Recognizer, wanted: str) -> Recognizer:
    """The recogniser with other classes; ``wanted`` and errors as for ``open_candidates`` and its methods."""
    return among(recognizer, open_candidates(recognizer, "--candidates").chosen(wanted))


def open_candidates(recognizer: Recognizer, asked_for: str) -> CandidateReader:
    """What gives classes to the recogniser; raises InputError for one whose classes are fixed, naming its decoder."""
    require_prototypes(recognizer, asked_for)
    return candidate_opener()(recognizer)


def require_prototypes(recognizer: Recognizer, asked_for: str) -> Prototypes:
    """Those of the recogniser; raises InputError for one whose classes are fixed, naming its decoder."""
    if recognizer.prototypes is None:
        raise InputError(
            f"{asked_for}: needs a model with the decoder 'prototypes'; {recognizer.path} has the decoder "
            f"'{recognizer.manifest.decoder}', which knows the classes that it was trained on and no others"
        )
    return recognizer.prototypes
