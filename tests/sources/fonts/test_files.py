import os
from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_table, sha256_file
from glyphlens.sources.fonts.files import (
    COLUMNS,
    MANIFEST,
    load_fonts,
    own_records,
    package_records,
    save_fonts,
    slug,
    without_repeats,
)
from glyphlens.sources.fonts.packages import PackageFont
from tests.tiny_fonts import tiny_font


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "own_fonts"
    folder.mkdir()
    (folder / "README.md").write_text("what to drop here")
    return folder


@pytest.mark.parametrize("suffix", ["ttf", "otf", "woff", "woff2", "TTF"])
def test_own_fonts_are_taken_with_family_and_weight(own, suffix):
    flavor = suffix if suffix.startswith("woff") else None
    (own / "deep").mkdir()
    path = own / "deep" / f"mine.{suffix}"
    path.write_bytes(tiny_font("Amiri Quran", weight=700, flavor=flavor))
    (record,), warnings = own_records(own, {"amiri-quran": "amiri"})
    assert (record.script, record.family, record.weight, record.style) == ("arabic", "amiri", 700, "regular")
    assert (record.source, record.sha256) == ("own", sha256_file(path))
    assert record.file.endswith(path.name) and warnings == []


def test_own_fonts_without_arabic_letters_are_left_out(own):
    (own / "latin.ttf").write_bytes(tiny_font(cmap={0x41: "g01", 0x660: "g18"}, features=None))
    records, warnings = own_records(own, {})
    assert records == [] and "latin.ttf: maps no Arabic letter" in warnings[0]


@pytest.mark.parametrize("data", [b"", b"garbage", tiny_font()[:40], b"wOF2" + bytes(60)])
def test_own_fonts_that_do_not_open_are_kept_for_the_audit(own, data):
    (own / "Broken One.ttf").write_bytes(data)
    (record,), warnings = own_records(own, {})
    assert record.family == "broken-one" and "Broken One.ttf: cannot be opened" in warnings[0]


@pytest.mark.parametrize(
    "name", [b"no\xffutf8.ttf", b"two\nlines.ttf", b"x" * 250 + b".ttf", "é".encode() * 120 + b".ttf"]
)
def test_odd_names_of_own_fonts_can_be_kept(own, tmp_path, name):
    Path(os.fsdecode(os.fsencode(own) + b"/" + name)).write_bytes(tiny_font("Odd"))
    records, warnings = own_records(own, {})
    save_fonts(tmp_path / "fonts", "arabic", records)
    (file,) = load_fonts(tmp_path / "fonts")["file"]
    assert warnings == [] and file.endswith(".ttf") and len(file.splitlines()) == 1
    assert (tmp_path / "fonts" / file).read_bytes() == tiny_font("Odd")


def test_empty_folder_and_no_folder(own, tmp_path):
    assert own_records(own, {}) == ([], []) == own_records(tmp_path / "none", {})


def test_names_of_equal_files_in_two_folders_do_not_clash(own):
    for number in range(2):
        (own / f"{number}").mkdir()
        (own / f"{number}" / "a.ttf").write_bytes(tiny_font(f"Family {number}"))
    records, _ = own_records(own, {})
    assert len({record.file for record in records}) == 2


def test_packages_that_share_outlines_share_their_family(tmp_path):
    (tmp_path / "a.woff2").write_bytes(b"a")
    fonts = [PackageFont("arabic", name, "1", 400, "OFL-1.1", tmp_path / "a.woff2") for name in ("cairo", "cairo-play")]
    assert [record.family for record in package_records(fonts, {"cairo-play": "cairo"})] == ["cairo", "cairo"]


def test_repeated_bytes_are_taken_once_and_the_package_first(own, tmp_path):
    (tmp_path / "a.woff2").write_bytes(tiny_font())
    (own / "same.ttf").write_bytes(tiny_font())
    (own / "other.ttf").write_bytes(tiny_font("Other"))
    packaged = package_records([PackageFont("arabic", "tiny", "1", 400, "OFL-1.1", tmp_path / "a.woff2")], {})
    kept = without_repeats([*own_records(own, {})[0], *packaged])
    assert [(record.family, record.source) for record in kept] == [("other", "own"), ("tiny", "package")]


def test_manifest_and_files_are_written_and_read(own, tmp_path):
    (own / "a.ttf").write_bytes(tiny_font())
    records, _ = own_records(own, {})
    stale = tmp_path / "out" / "stale.woff2"
    stale.parent.mkdir()
    stale.write_bytes(b"old")
    save_fonts(tmp_path / "out", "arabic", records)
    table = load_fonts(tmp_path / "out")
    assert tuple(table.columns) == COLUMNS and len(table) == 1 and not stale.exists()
    assert sha256_file(tmp_path / "out" / table["file"][0]) == table["sha256"][0]


def test_a_manifest_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(InputError, match="not a readable Parquet table"):
        load_fonts(tmp_path)
    save_fonts(tmp_path, "arabic", [])
    with pytest.raises(InputError, match="no fonts; put some into data/own_fonts"):
        load_fonts(tmp_path)
    save_table(tmp_path / MANIFEST, pd.DataFrame({"file": ["a"]}))
    with pytest.raises(InputError, match="columns missing: script, package"):
        load_fonts(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Amiri Quran", "amiri-quran"), ("Noto Sans Arabic UI", "noto-sans-arabic-ui"), ("خط", "خط"), ("", "")],
)
def test_family_names_are_written_as_packages_write_them(name, expected):
    assert slug(name) == expected
