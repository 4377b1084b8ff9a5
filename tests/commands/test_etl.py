"""``glyphlens etl`` as a person meets it."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from tests.sources.etl.etl_records import blank, g_record, k_record, write


@pytest.fixture
def run(glyphlens):
    """`glyphlens etl` with these arguments."""
    return partial(glyphlens, "etl")


@pytest.fixture
def folder(tmp_path):
    """Three records of ETL9G, one of them with an unknown code, and one of ETL2."""
    records = [g_record(blank("G9"), code, 41, image_byte=64) for code in (0x2422, 0x2422, 0x2021)]
    write(tmp_path / "etl/ETL9G/ETL9G_01", records)
    write(tmp_path / "etl/ETL2_1", [k_record(blank("K"), (5, 12), mark="B")])
    write(tmp_path / "etl/odd[1].txt", [b"x"])
    return tmp_path / "etl"


def test_what_was_found(run, folder):
    status, out, _ = run(folder)
    assert status == 1 and "1 / 50" in out and "3 / 607,200" in out and "2 / 3,036" in out
    assert "0x2021" in out and "foreign file" in out and "odd[1].txt" in out and "ETL9G_02, ETL9G_03" in out


def test_a_linked_folder_is_named_with_what_to_do(run, folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    status, out, _ = run(folder)
    assert status == 1 and "linked" in out and "copy it there" in " ".join(out.split())


def test_a_long_audit_is_cut_short_and_says_so(run, folder):
    codes = range(0x2000, 0x2000 + 60)
    write(folder / "ETL9G_02", [g_record(blank("G9"), code, 41, image_byte=64) for code in codes])
    out = run(folder)[1]
    assert "Not as published, the first 40 of 6" in out and "0x203B" not in out


def test_only(run, folder):
    _, out, _ = run(folder, "--only", "etl2")
    assert "ETL2 " in out and "1 / 52,796" in out and "607,200" not in out


def test_a_sheet_of_a_character(run, folder, tmp_path):
    sheet = tmp_path / "new/a.png"
    _, out, _ = run(folder, "--sheet", sheet, "--character", "あ")
    assert "3 samples of あ (U+3042)" in out
    with Image.open(sheet) as picture:
        page = np.asarray(picture.convert("L"))
    assert page.shape[1] == 12 * 136 and (page < 40).any() and page[-1, -1] == 255


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sheet", "a.png"], "belong together"),
        (["--character", "あ"], "belong together"),
        (["--only", "ETL10"], "no ETL set named ETL10"),
        (["--only", "ETL5"], "holds no data file of ETL5"),
    ],
)
def test_what_a_person_can_mend_is_one_line(run, folder, arguments, message):
    status, out, err = run(folder, *arguments)
    assert status == 2 and message in err and len(err.strip().splitlines()) == 1 and out == ""


def test_a_character_that_is_not_there(run, folder, tmp_path):
    status, _, err = run(folder, "--sheet", tmp_path / "a.png", "--character", "龍")
    assert (
        status == 2 and "no record of ETL2, ETL9G is labelled 龍 (U+9F8D)" in err and not (tmp_path / "a.png").exists()
    )
    _, _, err = run(folder, "--sheet", tmp_path / "a.png", "--character", "あい")
    assert "takes one character, found 'あい'" in err


def test_missing_and_empty_folders(run, tmp_path):
    assert "nowhere: no such folder" in run(tmp_path / "nowhere")[2]
    assert "holds no data file" in run(tmp_path)[2]
