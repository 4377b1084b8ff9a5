from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.produced import PRODUCED_COLUMNS
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.tracks.kanji.samples.etl_samples import Part, PixelParts, read_samples, unified
from tests.sources.etl.etl_folders import drawn, etl2, etl4, etl7, etl8, etl9b
from tests.sources.etl.etl_records import b_record, k_record, m_record, write

PARAMS = HandwritingParams(
    image_px=64, box_px=56, edge_share=0.125, speck_share=0.0008, min_contrast=30, blur_sigma_px=0.5
)


def read(folder: Path, *only: str, workers: int = 1):
    return read_samples(folder, folder.parent / "parts", only, PARAMS, workers)


def counted(found, reason):
    rows = found.audit[found.audit["reason"] == reason]
    return {
        (row["file"].rpartition("/")[2], row["record"], row["value"]): row["count"] for row in rows.to_dict("records")
    }


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "etl"


def test_every_record_is_a_row_with_its_picture_and_facts(folder):
    etl8(folder, [7, 3, 5], [0x2422, 0x3021])
    found = read(folder)
    assert tuple(found.index.columns) == PRODUCED_COLUMNS and len(found.index) == len(found.pixels) == 12
    assert found.index["set"].tolist() == ["ETL8B"] * 6 + ["ETL8G"] * 6
    assert found.index["label"].tolist() == ["あ"] * 3 + ["亜"] * 3 + ["あ", "亜"] * 3
    assert found.index["record"].tolist() == [*range(1, 7), *range(6)]  # the first one of ETL8B is a dummy
    for number, row in enumerate(found.index.to_dict("records")):
        kind, scale = ("B8", 255) if row["set"] == "ETL8B" else ("G8", 17)
        cell = drawn(kind, int(row["code"], 16), row["writer"]) * np.uint8(scale)
        assert np.array_equal(found.pixels[number : number + 1], prepare(cell[None], PARAMS))
    grey = found.index[found.index["set"] == "ETL8G"]
    assert (grey["sex"] == 1).all() and (grey["age"] == 20).all() and (grey["quality"] == 0).all()
    assert (found.index.loc[:5, ["quality", "sex", "age"]] == -1).all(axis=None)


def test_the_same_hand_is_one_group(folder):
    """ETL8B and ETL8G are one scan, large and small characters of ETL7 one sheet; other sets' sheets are others."""
    etl8(folder, [7, 3], [0x2422])
    etl7(folder, [7, 3], [0xB1, 0xB2])
    etl9b(folder, [7], [0x2422])
    etl4(folder, [7], [0xB1])
    groups = read(folder).index.groupby(["set", "writer"])["group"].unique().map(list)
    assert groups.to_dict() == {
        ("ETL4", 7): ["ETL4/0007"],
        ("ETL7", 3): ["ETL7/0003"],
        ("ETL7", 7): ["ETL7/0007"],
        ("ETL8B", 3): ["ETL8/0003"],
        ("ETL8B", 7): ["ETL8/0007"],
        ("ETL8G", 3): ["ETL8/0003"],
        ("ETL8G", 7): ["ETL8/0007"],
        ("ETL9B", 7): ["ETL9/0007"],
    }


def test_print_is_grouped_by_typeface(folder):
    etl2(folder, [(4, 40), (5, 20)], "AC")
    found = read(folder)
    assert found.index["group"].tolist() == ["ETL2/A", "ETL2/A", "ETL2/C", "ETL2/C"]
    assert (found.index["writer"] == -1).all() and found.index["code"].tolist() == ["4,40", "5,20"] * 2


def test_one_character_for_all_sets(folder):
    etl7(folder, [1], [0xB1])
    etl8(folder, [1], [0x2422])
    write(folder / "ETL1C_01", [m_record(drawn("M", code, 1), code, 1) for code in (0x41, 0xB1)])
    labels = read(folder).index.groupby("set")["label"].unique().map(list).to_dict()
    assert labels == {"ETL1": ["A", "ア"], "ETL7": ["あ"], "ETL8B": ["あ"], "ETL8G": ["あ"]}


@pytest.mark.parametrize(
    ("char", "expected"), [("Ａ", "A"), ("０", "0"), ("！", "!"), ("｜", "|"), ("￥", "¥"), ("ー", "ー"), ("゛", "゛"),
                           ("‾", "‾"), ("…", "…"), ("亜", "亜"), ("が", "が"), ("～", "~")]
)  # fmt: skip
def test_full_width_and_ascii_are_one(char, expected):
    assert unified(char) == expected


def test_what_is_no_sample_is_counted(folder):
    """Records = rows + audit: model patterns, unknown codes, unreadable cells of CO-59, blank cells."""
    etl8(folder, [1, 2], [0x2422, 0x2424], model=True)
    blank = np.zeros((63, 64), np.uint8)
    write(
        folder / "ETL9B_1",
        [
            bytes(576),
            *(b_record(drawn("B9", code, 1), code, 1, length=576) for code in (0x2422, 0x2021, 0x2021)),
            b_record(blank, 0x2424, 1, length=576),
        ],
    )
    write(folder / "ETL2_1", [k_record(drawn("K", 1, 1), code) for code in [(4, 40), (5, 19), (3, 3)]])
    found = read(folder)
    assert counted(found, "model pattern") == {("ETL8G_33", 0, ""): 2}
    assert counted(found, "unknown code") == {("ETL9B_1", 2, "0x2021"): 2, ("ETL2_1", 2, "3,3"): 1}
    assert counted(found, "unreadable CO-59 cell") == {("ETL2_1", 1, "5,19"): 1}
    assert counted(found, "blank cell") == {("ETL9B_1", 4, "い"): 1}
    assert len(found.index) == 8 + 1 + 1 and 999 not in found.index["writer"].tolist()
    assert counted(found, "files missing") and counted(found, "other count")  # what find_files says is there too


def test_only_the_chosen_sets(folder):
    etl8(folder, [1], [0x2422])
    assert read(folder, "etl8g").index["set"].tolist() == ["ETL8G"]
    with pytest.raises(InputError, match="holds no data file of ETL9G"):
        read(folder, "ETL9G")


def test_the_number_of_processes_does_not_matter(folder):
    etl8(folder, [1, 2], [0x2422, 0x2424], model=True)
    one, two = (read(folder, workers=workers) for workers in (1, 2))
    pd.testing.assert_frame_equal(one.index, two.index)
    pd.testing.assert_frame_equal(one.audit, two.audit)
    assert np.array_equal(one.pixels[:], two.pixels[:])


def test_slices_across_parts(tmp_path):
    whole = np.random.default_rng(0).integers(0, 256, (9, 4, 4), dtype=np.uint8)
    parts = []
    for name, start, stop in [("a", 0, 3), ("b", 3, 3), ("c", 3, 8), ("d", 8, 9)]:
        (tmp_path / name).write_bytes(whole[start:stop].tobytes())
        parts.append(Part(tmp_path / name, stop - start))
    pictures = PixelParts(parts, 4)
    assert len(pictures) == 9
    for start in range(10):
        for stop in range(10):
            assert np.array_equal(pictures[start:stop], whole[start:stop])
    assert np.array_equal(pictures[-2:], whole[-2:])
    with pytest.raises(ValueError, match="only consecutive rows"):
        pictures[::2]
    (tmp_path / "c").write_bytes(b"x" * 20)
    with pytest.raises(InputError, match=r"c: rows 1–5 cannot be read"):
        pictures[4:9]
