"""How likely a class is before its picture is seen: by how many fonts have it, and by a language's letters.

G glyphs · C classes
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.inference.folder import Manifest
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.arabic_languages import LANGUAGES
from glyphlens.sources.companion_scripts import script_of_label
from glyphlens.tracks.arabic.export.manifest import SCRIPT
from glyphlens.tracks.arabic.members import STANDARD, Member, kinship

# By what a class is less likely that no text of the language needs: none of its members has standard characters alone,
# but one with auxiliary ones; or none has these alone either. Chosen on the validation families (docs/SPEC.md#answers).
LESS_LIKELY = (1.0, 2.0, 20.0)
POWERS = 21  # that are tried, from 1 to 0
SURE_ENOUGH = 0.5  # confidence from which an answer counts as a class that the font has


def font_probabilities(
    probabilities_GC: NDArray[np.float32],
    manifest: Manifest,
    members: Sequence[tuple[Member, ...]],
    language: str | None,
) -> NDArray[np.float32]:
    """(G, C) probabilities of all glyphs of one font under what is known of fonts and of the language."""
    is_sure_G = probabilities_GC.max(axis=1) >= SURE_ENOUGH
    found = len(np.unique(probabilities_GC[is_sure_G].argmax(axis=1)))
    return reweighted(probabilities_GC, coverage_prior(manifest, found) * language_prior(members, language))


def coverage_prior(manifest: Manifest, found: int) -> NDArray[np.float32]:
    """(C,) float32, how likely a font has each class in which ``found`` of them are seen; 1 where nothing is known.

    The share of the training families that have the class, to the largest power up to 1 with which at least ``found``
    classes are expected: a large font has rare classes too.
    """
    if not manifest.coverage:
        return np.ones(len(manifest.classes), np.float32)
    if len(manifest.coverage) != len(manifest.classes):
        raise InputError(f"label map: coverage of {len(manifest.coverage)} classes, found {len(manifest.classes)}")
    share_C = np.array(manifest.coverage, np.float64)
    powers_PC = share_C ** np.linspace(1, 0, POWERS)[:, None]
    is_enough_P = powers_PC.sum(axis=1) >= found
    prior_C: NDArray[np.float32] = powers_PC[np.argmax(is_enough_P) if is_enough_P.any() else -1].astype(np.float32)
    return prior_C


def language_prior(members: Sequence[tuple[Member, ...]], language: str | None) -> NDArray[np.float32]:
    """(C,) float32, 1 for classes that are written with the language's standard characters and less for others; 1 for
    what is not of Arabic script, of which the language says nothing.
    """
    if language is None:
        return np.ones(len(members), np.float32)
    writing = LANGUAGES[language]
    nearest = [
        STANDARD if script_of_label(entry[0].label) else min(kinship(member.text, writing) for member in entry)
        for entry in members
    ]
    return np.array([1 / LESS_LIKELY[rank] for rank in nearest], np.float32)


def require_language(recognizer: Recognizer, language: str | None) -> None:
    """Raise InputError where a language is named and the model's classes are not of the Arabic script."""
    script = recognizer.manifest.script or SCRIPT
    if language is not None and script != SCRIPT:
        raise InputError(f"{recognizer.path}: reads {script}; --language is for models of the Arabic script")


def reweighted(probabilities_GC: NDArray[np.float32], prior_C: NDArray[np.float32]) -> NDArray[np.float32]:
    """(G, C) probabilities under a prior: each times its class's factor, rows again of sum 1; rows of 0 stay 0."""
    products_GC = probabilities_GC * prior_C
    sums_G1 = products_GC.sum(axis=1, keepdims=True)
    np.divide(products_GC, sums_G1, out=products_GC, where=sums_G1 > 0)
    return products_GC
