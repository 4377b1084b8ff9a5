"""What lies below a folder, and what could not be looked into."""

import os
from pathlib import Path

import pytest
from dvc.fs import localfs
from dvc.ignore import DvcIgnoreFilter

from glyphlens.core.errors import InputError
from glyphlens.core.folders import files_below, require_recorded
from glyphlens.sources.fonts.files import own_records
from tests.too_deep import too_deep


def test_files_of_a_command_line_are_found_through_links_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a").write_text("")
    (tmp_path / "real/.b").write_text("")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "real/round").symlink_to(tmp_path)
    skipped: dict[Path, str] = {}
    assert [path.name for path in files_below(tmp_path, skipped, linked=True)] == [".b", "a"]
    assert skipped == {}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with all that DVC records of one, and with what it does not."""
    folder = tmp_path / "own"
    (folder / "deep/.git").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for path in (folder / "a", folder / "deep/.b", folder / "deep/.git/index", tmp_path / "elsewhere/c"):
        path.write_text(path.name)
    (folder / "link").symlink_to(tmp_path / "elsewhere/c")
    return folder


def test_files_are_those_that_dvc_records(sources: Path) -> None:
    recorded = DvcIgnoreFilter(localfs, str(sources.parent)).find(localfs, str(sources))
    skipped: dict[Path, str] = {}
    found = list(files_below(sources, skipped))
    assert sorted(map(Path, recorded)) == sorted(found) == sorted(sources / name for name in ("a", "deep/.b", "link"))
    assert skipped == {}
    assert [path.name for path in files_below(sources, skipped, hidden=False)] == ["a", "link"]


@pytest.mark.parametrize("kind", ["a linked folder", "a DVC repository"])
def test_a_folder_that_dvc_does_not_record_is_named_and_no_source(sources: Path, kind: str) -> None:
    if kind == "a linked folder":
        (sources / "more").symlink_to(sources.parent / "elsewhere")
    else:
        (sources / "more/.dvc").mkdir(parents=True)
        (sources / "more/d").write_text("d")
    skipped: dict[Path, str] = {}
    assert [path.name for path in files_below(sources, skipped)] == ["a", "link", ".b"]
    assert [*skipped] == [sources / "more"] and kind in skipped[sources / "more"]
    with pytest.raises(InputError, match=f"^{sources}/more: {kind}.*; copy"):
        require_recorded(sources)


def test_sources_that_dvc_records_are_accepted(sources: Path) -> None:
    require_recorded(sources)
    require_recorded(sources / "a")
    require_recorded(sources / "nowhere")


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
