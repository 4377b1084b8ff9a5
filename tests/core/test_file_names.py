"""Any file name is one line of printable text that every file can hold."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.file_names import shown


@given(st.binary(max_size=20))
def test_any_bytes_become_one_line_of_utf8(name: bytes) -> None:
    text = shown(os.fsdecode(name))
    text.encode("utf-8")
    assert len(text.splitlines()) <= 1 and "\x1b" not in text


@pytest.mark.parametrize("name", ["Amiri.ttf", "خط نسخ.ttf", "می‌خواهم.woff2", "書体 [bold].otf", "naïve·font—2.ttf"])
def test_ordinary_names_stay(name: str) -> None:
    assert shown(name) == name


def test_what_is_escaped_can_be_read() -> None:
    assert shown(os.fsdecode(b"a\xffb\n\x1b[31m\xe2\x80\xae")) == r"a\xffb\n\x1b[31m\u202e"
