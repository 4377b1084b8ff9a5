"""The token: only the very data that passed a gate is let through behind it."""

import json
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.gates.token import require_token, write_token


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "rasters"
    folder.mkdir()
    (folder / "pixels.npy").write_bytes(b"pixels")
    return folder


def test_data_that_passed_is_let_through(data: Path, tmp_path: Path) -> None:
    write_token(tmp_path / "token.json", data)
    require_token(tmp_path / "token.json", data)


def test_data_changed_after_the_gate_is_refused_with_both_names(data: Path, tmp_path: Path) -> None:
    token = tmp_path / "token.json"
    write_token(token, data)
    (data / "pixels.npy").write_bytes(b"others")
    with pytest.raises(InputError, match=r"rasters: not the data that passed.*token\.json.*dvc repro"):
        require_token(token, data)


def test_a_file_added_after_the_gate_is_refused(data: Path, tmp_path: Path) -> None:
    write_token(tmp_path / "token.json", data)
    (data / "more.npy").write_bytes(b"")
    with pytest.raises(InputError, match="not the data that passed"):
        require_token(tmp_path / "token.json", data)


def test_without_a_token_nothing_passes(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no token.*dvc repro"):
        require_token(tmp_path / "token.json", data)


@pytest.mark.parametrize("content", ["[]", "{}", '{"data": 3}', "no json"])
def test_a_file_that_is_no_token_is_refused(data: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "token.json").write_text(content)
    with pytest.raises(InputError, match=r"token\.json"):
        require_token(tmp_path / "token.json", data)


def test_a_token_may_cover_more_than_is_asked_but_not_less(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "glyphs.db"
    other.write_bytes(b"glyphs")
    write_token(tmp_path / "both.json", data, other)
    require_token(tmp_path / "both.json", other)
    write_token(tmp_path / "one.json", data)
    with pytest.raises(InputError, match="nothing of that name"):
        require_token(tmp_path / "one.json", data, other)


def test_equal_data_elsewhere_gives_equal_bytes(data: Path, tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere" / "rasters"
    twin.mkdir(parents=True)
    (twin / "pixels.npy").write_bytes(b"pixels")
    write_token(tmp_path / "a.json", data)
    write_token(tmp_path / "b.json", twin)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert set(json.loads((tmp_path / "a.json").read_text())) == {"data"}


def test_two_items_of_one_name_cannot_share_a_token(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="distinct names"):
        write_token(tmp_path / "token.json", data, data)
