"""ICU's dictionaries: what is written as a trie is read again."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.sources.icu_dictionary import dictionary_words
from tests.sources.icu_data import icu_file

words = st.sets(st.text("".join(map(chr, range(0x1780, 0x17DE))) + "\u200c\u200d", min_size=1, max_size=24), min_size=1)


@given(words)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_that_are_written_are_read(tmp_path: Path, words: set[str]) -> None:
    path = tmp_path / "icudt.dat"
    path.write_bytes(icu_file(sorted(words)))
    found = dictionary_words(path, "khmerdict")
    assert set(found) == words
    assert len(found) == len(words)


def test_a_large_dictionary_has_far_jumps(tmp_path: Path) -> None:
    written = [
        chr(0x1780 + a) + chr(0x1780 + b) * (a % 3 + 1) + chr(0x1780 + c)
        for a in range(40)
        for b in range(40)
        for c in range(9)
    ]
    path = tmp_path / "icudt.dat"
    path.write_bytes(icu_file(written))
    assert sorted(dictionary_words(path, "khmerdict")) == sorted(written)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"nothing", "not ICU's data"),
        (icu_file(["\u1780"], name="laodict"), "no dictionary khmerdict"),
        (icu_file(["\u1780"], kind=1), "is of type 1"),
        (icu_file(["\u1780"], transform=0), "a trie of bytes is expected"),
        (icu_file(["\u1780\u1781", "\u1782"])[:-3], "not ICU's data"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "icudt.dat"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"icudt\.dat: .*{said}"):
        dictionary_words(path, "khmerdict")
