"""Which characters a font's own ligature substitutions join (GSUB lookup type 4), whatever its glyphs are called."""

import io
from collections.abc import Iterator
from typing import Any

from fontTools.ttLib import TTFont

from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.arabic_script import in_context, makes_glyph, possible_forms, presentation_form
from glyphlens.tracks.arabic.glyphs.candidates import ligature_sequence

LIGATURE_LOOKUP, EXTENSION_LOOKUP = 4, 7
MAX_SEQUENCES = 5_000


def font_ligatures(data: bytes, index: int = 0) -> list[tuple[int, ...]]:
    """Character sequences that the font (uncompressed bytes) can draw as one glyph, sorted, at most 5,000."""
    face = FontFace(data, index)
    characters = _characters_of_glyphs(face)
    font = TTFont(io.BytesIO(data), lazy=True, fontNumber=index)
    if "GSUB" not in font:
        return []
    found: set[tuple[int, ...]] = set()
    for names in _components(font["GSUB"].table):
        sequences = [characters.get(font.getGlyphID(name)) for name in names]
        if None in sequences:
            continue
        sequence = ligature_sequence(tuple(code_point for part in sequences for code_point in part or ()))
        if sequence is not None:
            found.add(sequence)
        if len(found) >= MAX_SEQUENCES:
            break
    return sorted(found)


def _characters_of_glyphs(face: FontFace) -> dict[int, tuple[int, ...]]:
    """Characters behind each glyph that alone stands for a character in some form; the lowest where several do."""
    mapped = sorted(face.code_points())
    characters: dict[int, tuple[int, ...]] = {}
    for code_point in filter(makes_glyph, mapped):
        decomposed = presentation_form(code_point)
        letters = decomposed[0] if decomposed else (code_point,)
        for form in possible_forms((code_point,)) or ("",):
            parts = face.shape(in_context((code_point,), form))
            if len(parts) == 1 and parts[0].gid:
                characters.setdefault(parts[0].gid, letters)
        characters.setdefault(face.glyph(code_point), letters)
    return characters


def _components(gsub: Any) -> Iterator[list[str]]:
    """Glyph names of every ligature substitution's input."""
    for lookup in gsub.LookupList.Lookup if gsub.LookupList else ():
        for subtable in lookup.SubTable:
            table = subtable.ExtSubTable if lookup.LookupType == EXTENSION_LOOKUP else subtable
            if table.LookupType == LIGATURE_LOOKUP:
                for first, ligatures in sorted(table.ligatures.items()):
                    for ligature in ligatures:
                        yield [first, *ligature.Component]
