import pytest

from glyphlens.sources.etl import finding, sets
from glyphlens.sources.etl import survey as surveying
from glyphlens.sources.etl.survey import SURVEY_COLUMNS, survey
from tests.sources.etl.etl_records import b_record, blank, c_record, g_record, k_record, m_record, write


def row_of(found, name):
    return found.table.set_index("set").loc[name].to_dict()


def faults(found, reason):
    rows = found.audit[found.audit["reason"] == reason]
    return [
        (row["file"].rpartition("/")[2], row["record"], row["value"], row["count"]) for row in rows.to_dict("records")
    ]


def test_unknown_codes_are_named_and_counted(tmp_path):
    image = blank("G8")
    codes = [0x2422, 0x2021, 0x2423, 0x2021]
    write(tmp_path / "ETL8G_01", [g_record(image, code, 9, image_byte=60) for code in codes])
    found = survey(tmp_path)
    assert faults(found, "unknown code") == [("ETL8G_01", 1, "0x2021", 2)]
    row = row_of(found, "ETL8G")
    assert tuple(found.table.columns) == SURVEY_COLUMNS
    assert (row["records"], row["codes"], row["characters"], row["writers"]) == (4, 3, 2, 1) and not row["complete"]


def test_unreadable_cells_of_co59(tmp_path):
    write(tmp_path / "ETL2_1", [k_record(blank("K"), code) for code in [(4, 4), (5, 19), (5, 19), (3, 3)]])
    found = survey(tmp_path)
    assert faults(found, "unreadable CO-59 cell") == [("ETL2_1", 1, "5,19", 2)]
    assert faults(found, "unknown code") == [("ETL2_1", 3, "3,3", 1)]
    assert row_of(found, "ETL2")["writers"] == 0


def test_the_numbers_of_binary_records_count_the_dummy(tmp_path):
    write(tmp_path / "ETL9B_1", [bytes(576), *(b_record(blank("B9"), code, 1, length=576) for code in (0x2422, 1))])
    assert faults(survey(tmp_path), "unknown code") == [("ETL9B_1", 2, "0x0001", 1)]


def test_models_are_kept_apart(tmp_path):
    write(tmp_path / "ETL8G_01", [g_record(blank("G8"), 0x2422, 5, image_byte=60)])
    write(tmp_path / "ETL8G_33", [g_record(blank("G8"), code, 6, image_byte=60) for code in (0x2422, 0x2423)])
    row = row_of(survey(tmp_path), "ETL8G")
    assert (row["records"], row["models"], row["codes"], row["writers"]) == (3, 2, 1, 1)


@pytest.mark.parametrize(("name", "first"), [("ETL8B2C3", 50_561), ("ETL9B_5", 121_441)])
def test_models_behind_the_records_of_a_binary_file(tmp_path, name, first):
    length = 512 if name.startswith("ETL8") else 576
    record = b_record(blank("B8"), 0x2422, 1, length=length)
    write(tmp_path / name, [record * (first + 3)])
    row = survey(tmp_path).table.iloc[0]
    assert (row["records"], row["models"]) == (first + 2, 3)


def test_a_complete_set(tmp_path, monkeypatch):
    """A whole set in small: two records of two codes where two are published."""
    small = sets.SETS["ETL1"]._replace(files={"ETL1C_01": 2}, codes=2)
    monkeypatch.setitem(sets.SETS, "ETL1", small)
    monkeypatch.setitem(sets._OWNERS, "ETL1C_01", small)
    write(tmp_path / "ETL1C_01", [m_record(blank("M"), 0xA8, 1), m_record(blank("M"), 0x41, 2)])
    found = survey(tmp_path)
    row = row_of(found, "ETL1")
    assert row["complete"] and row["characters"] == 2 and row["writers"] == 2 and found.audit.empty
    assert surveying.SETS is sets.SETS is finding.SETS

    write(tmp_path / "ETL1C_01", [m_record(blank("M"), 0x41, 1)] * 2)
    found = survey(tmp_path)
    assert found.audit["reason"].tolist() == ["other number of codes"] and not row_of(found, "ETL1")["complete"]


def test_several_sets_in_the_order_of_the_database(tmp_path):
    write(tmp_path / "ETL5C", [c_record(blank("C"), 0xB1, 1)])
    write(tmp_path / "ETL1C_13", [m_record(blank("M"), 0xB1, 1)])
    assert survey(tmp_path).table["set"].tolist() == ["ETL1", "ETL5"]
    assert survey(tmp_path, ["ETL5"]).table["set"].tolist() == ["ETL5"]
