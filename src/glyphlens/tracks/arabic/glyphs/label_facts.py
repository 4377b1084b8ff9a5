"""What a label says by itself, for databases that give no form, class, joining group or code points beside it."""

from functools import cache
from typing import NamedTuple

from glyphlens.sources.arabic_script import CLASS_OF_FORM
from glyphlens.tracks.arabic.glyphs.candidates import Candidate, candidates
from glyphlens.tracks.arabic.glyphs.glyph_db import FORM_ENDING, form_of_label

UNKNOWN_CLASS = "symbol"


class LabelFacts(NamedTuple):
    """Columns of the glyphs table; ``code_points`` is "U+0628 …", or empty for a label that is none of ours."""

    form: str
    char_class: str
    joining_group: str
    code_points: str


@cache
def label_facts(label: str) -> LabelFacts:
    """``beh.fina`` and ``beh_final`` are the final beh; of an unknown name only its form is known."""
    form = form_of_label(label)
    name = FORM_ENDING.sub("", label)
    candidate = _candidates().get(f"{name}.{form}" if form else name)
    if candidate is None:
        return LabelFacts(form, CLASS_OF_FORM.get(form, UNKNOWN_CLASS), "", "")
    code_points = " ".join(f"U+{code_point:04X}" for code_point in candidate.code_points)
    return LabelFacts(form, candidate.char_class, candidate.joining_group, code_points)


@cache
def _candidates() -> dict[str, Candidate]:
    """By label; the list has the better source of a label first."""
    return {candidate.label: candidate for candidate in reversed(candidates())}
