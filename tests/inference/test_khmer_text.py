"""Khmer text: one canonical spelling, and clusters that join to the text again."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.inference.khmer_text import BASES, COENG, SIGNS, VOWELS, canonical, clusters

MARKS = "".join(map(chr, range(0x17B4, 0x17DE)))
LETTERS = "".join(map(chr, range(0x1780, 0x17B4)))
khmer_like = st.text(
    LETTERS + MARKS * 2 + COENG * 40 + "៖។៛០៩ aZ1(«\u200b\u200c\u200d\ufeff\u00a0\u0301\u25cc", max_size=12
)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("ខែ្មរ", "ខ្មែរ"),  # the vowel before the subscript
        ("ស្រ្តី", "ស្ត្រី"),  # a subscript ro comes last
        ("បណ្ដា", "បណ្តា"),  # subscripts da and ta look alike
        ("កេី", "កើ"),  # a vowel typed in two parts
        ("កេា", "កោ"),
        ("សុី", "ស៊ី"),  # u below a vowel above is drawn as the shifter
        ("មុឺង", "ម៉ឺង"),  # … of the other series
        ("ខ្ញុំ", "ខ្ញុំ"),
        ("កំា", "កាំ"),
        ("ប៉\u200cឺ", "ប៉ឺ"),
        ("ភាសា\u200bខ្មែរ", "ភាសាខ្មែរ"),
        ("\ufeffក\u00a0 \t ខ\n", "ក ខ"),
        ("e\u0301", "é"),
        ("ឣ\u17b4", "អ"),
        ("៘", "។ល។"),
    ],
)
def test_what_looks_alike_is_spelt_alike(written: str, wanted: str) -> None:
    assert canonical(written) == wanted


@given(khmer_like)
def test_canonical_text_is_canonical(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(st.text())
def test_any_text_has_a_canonical_form(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(khmer_like | st.text())
def test_clusters_join_to_the_text(text: str) -> None:
    parts = clusters(text)
    assert "".join(parts) == text
    assert all(parts)


@given(st.lists(st.sampled_from(["ក", "ខ្មែ", "ស្ត្រី", "១", "a", "«", " ", "ឱ្យ", "ប៉ឺ", "ដ៏", "é"])))
def test_a_base_takes_its_marks_along_and_nothing_else(parts: list[str]) -> None:
    assert clusters("".join(parts)) == parts


def test_the_classes_of_characters_do_not_overlap() -> None:
    points = [chr(point) for point in range(0x1780, 0x2600)]
    for character in points:
        assert sum(bool(re.match(f"[{kind}]", character)) for kind in (BASES, VOWELS, SIGNS, COENG)) <= 1


def test_reading_needs_no_torch() -> None:
    script = "import sys, glyphlens.inference.khmer_text; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "pandas", "onnxruntime"} & set(loaded)
