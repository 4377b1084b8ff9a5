import unicodedata

import pytest

from glyphlens.cli.options import LanguageName
from glyphlens.sources.arabic_languages import DEFAULT, LANGUAGES
from glyphlens.sources.arabic_script import makes_glyph


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_characters_make_arabic_glyphs_and_stand_once(language):
    standard, auxiliary = LANGUAGES[language]
    assert not standard & auxiliary
    assert [hex(ord(c)) for c in standard | auxiliary if not makes_glyph(ord(c))] == []
    assert all(unicodedata.is_normalized("NFC", character) for character in standard | auxiliary)


@pytest.mark.parametrize(
    ("language", "own", "foreign"),
    [
        ("ar", "ةىك٤", "پگی۴"),
        ("fa", "پگی۴", "يىٹ٤"),
        ("ur", "ٹںے۴", "ڄ٤"),
        ("ug", "ۇۈېھ", "ةض"),
        ("ku", "ڕڵێۆ٤", "ٹ۴"),
        ("ps", "ښځۍ۴", "ٹ٤"),
        ("sd", "ڄڙڻ٤", "ے۴"),
    ],
)
def test_letters_that_tell_the_languages_apart(language, own, foreign):
    standard = LANGUAGES[language].standard
    assert set(own) <= standard and not set(foreign) & standard


def test_the_options_of_the_commands_are_the_languages():
    assert [name.value for name in LanguageName] == list(LANGUAGES) and DEFAULT in LANGUAGES
