"""The Declaration in other languages than Khmer."""

from glyphlens.tracks.arabic.evaluation.text_weights import glyphs_of_text, text_occurrences
from glyphlens.tracks.khmer.texts.declaration import declaration_paragraphs


def test_the_letters_of_arabic_text_are_counted_as_they_occur(modules):
    text = "\n".join(paragraph for _, paragraph in declaration_paragraphs(modules, "arb"))
    assert dict(glyphs_of_text(text)) == text_occurrences()
