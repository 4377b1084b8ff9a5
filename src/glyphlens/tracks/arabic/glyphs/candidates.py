"""Everything that a font may hold a glyph for: texts to shape, each with its label.

Characters in every joining form, ligatures (decomposed presentation forms and the ligature substitutions of the fonts
themselves), and presentation-form characters for fonts that reach a glyph only through them; then the characters of
the scripts that stand beside it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from glyphlens.sources.arabic_script import (
    BLOCKS,
    FORMS,
    NO_JOINING_GROUP,
    PRESENTATION_BLOCKS,
    char_class,
    composed,
    in_context,
    is_letter,
    is_mark,
    joining_group,
    label_of,
    makes_glyph,
    marks_in_order,
    possible_forms,
    presentation_form,
)
from glyphlens.sources.companion_scripts import companion_characters, companion_label, companion_script

MAX_LIGATURE_CHARACTERS = 18
CHARACTER, LIGATURE, PRESENTATION, COMPANION = "character", "ligature", "presentation", "companion"


class Candidate(NamedTuple):
    """A text to shape and what to call the glyph that comes out."""

    label: str
    code_points: tuple[int, ...]
    form: str
    char_class: str
    joining_group: str
    kind: str
    text: tuple[int, ...]


def candidates(sequences: Iterable[tuple[int, ...]] = ()) -> list[Candidate]:
    """All candidates, those of the same label with the better source first: character, ligature, presentation form;
    companions, which are drawn as the cmap says and not shaped, last.

    ``sequences`` are the ligatures that the fonts substitute, in addition to those of the presentation forms.
    """
    found = [*_characters(), *_ligatures(sequences), *_presentation_forms(), *_companions()]
    order = {CHARACTER: 0, LIGATURE: 1, PRESENTATION: 2, COMPANION: 3}
    return sorted(
        found,
        key=lambda candidate: (
            order[candidate.kind],
            candidate.code_points,
            FORMS.index(candidate.form or "isol"),
            candidate.text,
        ),
    )


def ligature_sequence(code_points: tuple[int, ...]) -> tuple[int, ...] | None:
    """The sequence as a ligature's name; None where it is none of this script or a character's alias."""
    code_points = marks_in_order(composed(code_points))
    if not 2 <= len(code_points) <= MAX_LIGATURE_CHARACTERS or not all(map(makes_glyph, code_points)):
        return None
    letters, marks = sum(map(is_letter, code_points)), sum(map(is_mark, code_points))
    whole = letters + marks == len(code_points) and not is_mark(code_points[0])
    return code_points if whole or marks == len(code_points) else None


def presentation_characters() -> Iterator[int]:
    """Presentation-form characters that make a glyph."""
    yield from (code_point for code_point in _in_blocks(PRESENTATION_BLOCKS) if makes_glyph(code_point))


def _characters() -> Iterator[Candidate]:
    for code_point in _in_blocks(BLOCKS):
        if makes_glyph(code_point):
            yield from _in_forms((code_point,), CHARACTER)


def _ligatures(sequences: Iterable[tuple[int, ...]]) -> Iterator[Candidate]:
    of_presentation_forms = (form[0] for form in map(presentation_form, presentation_characters()) if form)
    distinct = {ligature_sequence(sequence) for sequence in (*of_presentation_forms, *sequences)}
    for sequence in sorted(filter(None, distinct)):
        yield from _in_forms(sequence, LIGATURE)


def _in_forms(code_points: tuple[int, ...], kind: str) -> Iterator[Candidate]:
    for form in possible_forms(code_points) or ("",):
        yield _candidate(code_points, form, kind, in_context(code_points, form))


def _presentation_forms() -> Iterator[Candidate]:
    for code_point in presentation_characters():
        code_points, form = presentation_form(code_point) or ((code_point,), "isol" if is_letter(code_point) else "")
        yield _candidate(code_points, form, PRESENTATION, (code_point,))


def _companions() -> Iterator[Candidate]:
    for code_point in companion_characters():
        text, script = (code_point,), companion_script(code_point)
        yield Candidate(companion_label(code_point), text, "", script, NO_JOINING_GROUP, COMPANION, text)


def _candidate(code_points: tuple[int, ...], form: str, kind: str, text: tuple[int, ...]) -> Candidate:
    groups = {joining_group(code_point) for code_point in code_points if not is_mark(code_point)}
    group = groups.pop() if len(groups) == 1 else NO_JOINING_GROUP
    return Candidate(label_of(code_points, form), code_points, form, char_class(code_points, form), group, kind, text)


def _in_blocks(blocks: Iterable[tuple[int, int]]) -> Iterator[int]:
    for first, last in blocks:
        yield from range(first, last + 1)
