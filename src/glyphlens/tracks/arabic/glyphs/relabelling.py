"""The glyphs of a face after a person has named some of them: a person's label counts more than what shaping says."""

from collections.abc import Mapping, Sequence

from glyphlens.imaging.shaping import FontFace, FontFileError, Part
from glyphlens.tracks.arabic.glyphs.audit import OWN_LABEL
from glyphlens.tracks.arabic.glyphs.candidates import Candidate
from glyphlens.tracks.arabic.glyphs.extraction import Drop, FontGlyphs, Glyph, glyph_of
from glyphlens.tracks.arabic.glyphs.own_labels import LEFT_OUT, OwnLabel

NO_GLYPH = "own label without its glyph"


def relabelled(
    face: FontFace, found: FontGlyphs, own: Sequence[OwnLabel], candidates: Sequence[Candidate]
) -> FontGlyphs:
    """The glyphs with the labels that a person gave; what they replace is among the drops, with OWN_LABEL.

    A row whose glyph the face does not have becomes a drop with NO_GLYPH. Rows are applied at once, so that two labels
    can be exchanged.
    """
    numbers: dict[str, int] = {}
    for number, candidate in enumerate(candidates):
        numbers.setdefault(candidate.label, number)
    before = {candidates[glyph.candidate].label: glyph for glyph in found.glyphs}
    drops, named, replaced = list(found.drops), dict[str, Glyph](), set[str]()
    for entry in own:
        labels = _labels_of(entry, before)
        glyph = before[labels[0]] if labels else _glyph(face, entry)
        if not isinstance(glyph, Glyph):
            drops.append(Drop(entry.label, NO_GLYPH, f"{entry.place}: glyph '{entry.glyph}': {glyph}"))
        elif entry.label not in labels:  # else it only confirms
            replaced.update(labels)
            if entry.label != LEFT_OUT:
                named[entry.label] = glyph._replace(candidate=numbers[entry.label])
        else:
            named[entry.label] = before[entry.label]
    drops += [Drop(label, OWN_LABEL, "") for label in before if label in replaced or _is_taken(label, before, named)]
    kept = {label: glyph for label, glyph in before.items() if label not in replaced}
    return FontGlyphs(found.metrics, list((kept | named).values()), drops, found.missing)


def _is_taken(label: str, before: Mapping[str, Glyph], named: Mapping[str, Glyph]) -> bool:
    """Whether a person gave the label to another glyph."""
    return label in named and named[label] != before[label]


def _labels_of(own: OwnLabel, before: Mapping[str, Glyph]) -> list[str]:
    """The labels that shaping gave to the glyph of a row; several where letters share a glyph."""
    if own.gid is None:
        return [own.glyph] if own.glyph in before else []
    return [label for label, glyph in before.items() if glyph.gids == (own.gid,)]


def _glyph(face: FontFace, own: OwnLabel) -> Glyph | str:
    """A glyph that shaping has no name for, or why there is none."""
    if own.gid is None:
        return "the font has no glyph of this label"
    if own.gid >= face.glyph_count:
        return f"the font has {face.glyph_count:,}, counted from 0"
    try:
        found = glyph_of(face, 0, (Part(own.gid, 0, 0, face.advance(own.gid), 0),))
    except FontFileError as error:
        return str(error)
    return found if isinstance(found, Glyph) else "it has no outline"
