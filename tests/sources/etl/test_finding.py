import zipfile

import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.etl.finding import AUDIT_COLUMNS, audit_frame, find_files, is_empty
from glyphlens.sources.etl.reading import read
from tests.sources.etl.etl_records import b_record, blank, c_record, g_record, write


def reasons(found):
    return {row.reason for row in found.audit}


def test_nested_lower_case_and_zipped(tmp_path):
    record = g_record(blank("G9"), 0x2422, 1, image_byte=64)
    write(tmp_path / "a/b/etl9g_02", [record])
    write(tmp_path / "ETL9G/ETL9G_01", [record] * 2)
    with zipfile.ZipFile(tmp_path / "etl4.zip", "w") as archive:
        archive.writestr("ETL4/", b"")
        archive.writestr("ETL4/ETL4C", c_record(blank("C"), 0xB1, 1))
        archive.writestr("ETL4/._ETL4C", b"x")
    found = find_files(tmp_path)
    assert [(file.name, file.records) for file in found.files] == [("ETL4C", 1), ("ETL9G_01", 2), ("ETL9G_02", 1)]
    assert found.files[0].place.endswith("etl4.zip:ETL4/ETL4C")
    assert "foreign file" not in reasons(found)
    (row,) = [row for row in found.audit if row.reason == "files missing"]
    assert (row.file, row.count) == ("ETL9G_03, ETL9G_04, ETL9G_05 …", 48) and "582912 records" in row.detail


def test_only_the_chosen_sets(tmp_path):
    write(tmp_path / "ETL4C", [c_record(blank("C"), 0xB1, 1)])
    write(tmp_path / "ETL5C", [c_record(blank("C"), 0xB1, 1)])
    assert [file.name for file in find_files(tmp_path, ["etl5"]).files] == ["ETL5C"]
    missing = [row.set for row in find_files(tmp_path, ["ETL5", "ETL1"]).audit if row.reason == "set missing"]
    assert missing == ["ETL1"]
    with pytest.raises(InputError, match="holds no data file of ETL9G"):
        find_files(tmp_path, ["ETL9G"])


def test_what_is_foreign_is_named(tmp_path):
    write(tmp_path / "ETL4C", [c_record(blank("C"), 0xB1, 1)])
    write(tmp_path / "holiday.jpg", [b"x"])
    write(tmp_path / "ETL4INFO", [b"x"])
    write(tmp_path / ".gitignore", [b"x"])
    write(tmp_path / "broken.zip", [b"x"])
    rows = {row.reason: row.file for row in find_files(tmp_path).audit}
    assert rows.pop("foreign file").endswith("holiday.jpg") and rows.pop("description, not data").endswith("ETL4INFO")
    assert rows.pop("cannot be read").endswith("broken.zip")
    assert list(rows) == ["other count"]


def test_a_cut_off_file_is_named_with_record_and_bytes(tmp_path):
    path = write(tmp_path / "ETL9B_1", [bytes(576), b_record(blank("B9"), 0x2422, 1, length=576), b"\xff" * 100])
    found = find_files(tmp_path)
    (row,) = [row for row in found.audit if row.reason == "cut off"]
    assert (row.file, row.record, row.value) == (str(path), 2, "100") and "record 2 has 100 of 576 bytes" in row.detail
    assert [len(records) for records in read(found.files[0])] == [1]


@pytest.mark.parametrize("content", [b"", b"\x00" * 576, b"\x00" * 10])
def test_a_file_without_data_is_reported(tmp_path, content):
    write(tmp_path / "ETL9B_1", [content])
    found = find_files(tmp_path)
    assert list(read(found.files[0])) == [] and "other count" in reasons(found)


def test_a_file_found_twice_is_read_once_and_named(tmp_path):
    record = c_record(blank("C"), 0xB1, 1)
    kept = write(tmp_path / "z/ETL4C", [record])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ETL4C", record)
    found = find_files(tmp_path)
    assert [file.path for file in found.files] == [kept]
    (row,) = [row for row in found.audit if row.reason == "found twice"]
    assert row.file.endswith("a.zip:ETL4C") and str(kept) in row.detail


def test_a_linked_folder_is_named_and_not_read(tmp_path):
    write(tmp_path / "etl/ETL5C", [c_record(blank("C"), 0xB1, 1)])
    write(tmp_path / "elsewhere/ETL4C", [c_record(blank("C"), 0xB1, 1)])
    (tmp_path / "etl/ETL4").symlink_to(tmp_path / "elsewhere")
    found = find_files(tmp_path / "etl")
    assert [file.name for file in found.files] == ["ETL5C"]
    (row,) = [row for row in found.audit if row.reason == "cannot be read"]
    assert row.file == str(tmp_path / "etl/ETL4") and "a linked folder" in row.detail
    (tmp_path / "etl/ETL5C").unlink()
    with pytest.raises(InputError, match=r"etl/ETL4 \(cannot be read: skipped: a linked folder.*; copy it there"):
        find_files(tmp_path / "etl")


def test_a_linked_file_is_read(tmp_path):
    write(tmp_path / "elsewhere/ETL4C", [c_record(blank("C"), 0xB1, 1)])
    (tmp_path / "etl").mkdir()
    (tmp_path / "etl/ETL4C").symlink_to(tmp_path / "elsewhere/ETL4C")
    assert [file.name for file in find_files(tmp_path / "etl").files] == ["ETL4C"]


def test_a_link_to_nothing_is_named(tmp_path):
    write(tmp_path / "ETL4C", [c_record(blank("C"), 0xB1, 1)])
    write(tmp_path / "ETL4.dvc", [b"x"])
    (tmp_path / "ETL5C").symlink_to(tmp_path / "gone")
    rows = {row.reason: row.file for row in find_files(tmp_path).audit}
    assert rows["cannot be read"].endswith("ETL5C") and rows["description, not data"].endswith("ETL4.dvc")


def test_a_damaged_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ETL4C", c_record(blank("C"), 0xB1, 1))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[1000] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(InputError, match="a.zip:ETL4C: cannot be read"):
        list(read(find_files(tmp_path).files[0]))


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        find_files(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no data file of ETL1, .*ETL9G"):
        find_files(tmp_path)
    write(tmp_path / "a.txt", [b"x"])
    with pytest.raises(InputError, match="1 other file.*a.txt .foreign file"):
        find_files(tmp_path)


def test_the_audit_is_a_table():
    assert tuple(audit_frame([]).columns) == AUDIT_COLUMNS


def test_descriptions_and_hidden_files_are_nothing(tmp_path):
    for name in ("README.md", ".gitignore", "ETL9G.dvc", "sub/ETL9INFO"):
        write(tmp_path / name, [b"x"])
    assert is_empty(tmp_path)
    write(tmp_path / "sub/etl9g.zip", [b"x"])
    assert not is_empty(tmp_path)
