"""What lies below a folder, and what could not be looked into."""

import os
from pathlib import Path

from glyphlens.core.folders import files_below
from glyphlens.sources.fonts.files import own_records
from tests.too_deep import too_deep


def test_files_are_found_through_links_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a").write_text("")
    (tmp_path / "real/.b").write_text("")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "real/round").symlink_to(tmp_path)
    skipped: dict[Path, str] = {}
    assert [path.name for path in files_below(tmp_path, skipped)] == [".b", "a"]
    assert [path.name for path in files_below(tmp_path, skipped, hidden=False)] == ["a"]
    assert skipped == {}


def test_an_unreadable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with too_deep(tmp_path) as folder:
        skipped: dict[Path, str] = {}
        assert [path.name for path in files_below(tmp_path, skipped)] == ["a"]
        assert [os.fspath(path).startswith(os.fspath(folder)) for path in skipped] == [True]
        assert set(skipped.values()) == {"File name too long"}


def test_an_unreadable_folder_of_own_fonts_is_named(tmp_path: Path) -> None:
    with too_deep(tmp_path):
        records, warnings = own_records(tmp_path, {})
    assert records == [] and len(warnings) == 1 and "this folder was skipped (File name too long)" in warnings[0]
