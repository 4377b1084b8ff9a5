import sqlite3

import pandas as pd
import pytest

from glyphlens.core.errors import InputError, OutputError
from glyphlens.tracks.arabic.glyphs.glyph_db import FONT_COLUMNS, GLYPH_COLUMNS, GlyphDatabase, write_database

SQUARE = '[[["moveTo",[0,0]],["lineTo",[0,9]],["lineTo",[9,9]],["closePath",null]]]'


@pytest.fixture
def fonts():
    rows = [
        (name, 1000, 900, -300, 800, -200, 500, 700, 0, "one", "normal", 400, "OFL-1.1", f"{name}.woff2")
        for name in "ab"
    ]
    return pd.DataFrame(rows, columns=list(FONT_COLUMNS))


@pytest.fixture
def glyphs():
    rows = [
        (number + 1, "ab"[number // 3], f"beh{number}.isol", SQUARE, "Beh", "isol", 600, 0, 1, "beh", "isol", "U+0628")
        for number in range(6)
    ]
    return pd.DataFrame(rows, columns=list(GLYPH_COLUMNS))


@pytest.fixture
def path(tmp_path, fonts, glyphs):
    write_database(tmp_path / "glyphs.db", fonts, glyphs)
    return tmp_path / "glyphs.db"


def test_tables_indexes_and_foreign_key_are_those_of_the_plan(path):
    with sqlite3.connect(path) as connection:
        named = dict(connection.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
        keys = connection.execute("PRAGMA foreign_key_list(glyphs)").fetchall()
        types = {row[1]: (row[2], row[3], row[5]) for row in connection.execute("PRAGMA table_info(glyphs)")}
        fonts = {row[1]: row[2] for row in connection.execute("PRAGMA table_info(fonts)")}
    connection.close()
    assert named == {
        "fonts": "table",
        "glyphs": "table",
        "idx_glyphs_fid": "index",
        "idx_glyphs_label": "index",
        "idx_glyphs_joining_group": "index",
    }
    assert keys[0][2:5] == ("fonts", "f_id", "file_hash")
    assert types["glyph_id"] == ("INTEGER", 0, 1)
    assert [types[name] for name in ("f_id", "label", "contours")] == [("TEXT", 1, 0)] * 3
    assert tuple(types) == GLYPH_COLUMNS and tuple(fonts) == FONT_COLUMNS


def test_what_is_written_is_read(path, fonts, glyphs):
    with GlyphDatabase(path) as database:
        pd.testing.assert_frame_equal(database.fonts(), fonts, check_dtype=False)
        pd.testing.assert_frame_equal(database.glyphs(), glyphs.drop(columns="contours"), check_dtype=False)
        assert database.contours([6, 2]) == [SQUARE] * 2
        assert [ids for ids, _ in database.iter_contours(4)] == [[1, 2, 3, 4], [5, 6]]


def test_many_contours_in_the_order_asked_for(tmp_path, fonts):
    rows = [(n, "a", f"l{n}", str(n), "", "", 1, 0, 0, "", "", "") for n in range(1, 2501)]
    write_database(tmp_path / "glyphs.db", fonts, pd.DataFrame(rows, columns=list(GLYPH_COLUMNS)))
    wanted = list(range(2500, 0, -1))
    with GlyphDatabase(tmp_path / "glyphs.db") as database:
        assert database.contours(wanted) == [str(number) for number in wanted]


def test_unknown_glyph_is_named(path):
    with GlyphDatabase(path) as database, pytest.raises(InputError, match="no glyph with glyph_id 77"):
        database.contours([1, 77])


def test_same_rows_give_the_same_bytes(tmp_path, path, fonts, glyphs):
    write_database(tmp_path / "again.db", fonts, glyphs)
    assert (tmp_path / "again.db").read_bytes() == path.read_bytes()


def test_a_database_in_place_is_replaced(path, fonts, glyphs):
    write_database(path, fonts, glyphs.head(1))
    with GlyphDatabase(path) as database:
        assert len(database.glyphs()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"f_id": "nobody"}, "FOREIGN KEY"),
        ({"glyph_id": 1}, "UNIQUE"),
        ({"label": None}, "NOT NULL"),
    ],
)
def test_rows_that_break_the_schema_are_refused_and_nothing_is_left(tmp_path, fonts, glyphs, change, said):
    for name, value in change.items():
        glyphs[name] = value
    with pytest.raises(InputError, match=said):
        write_database(tmp_path / "out" / "glyphs.db", fonts, glyphs)
    assert list((tmp_path / "out").iterdir()) == []


def test_full_disk_is_said_and_nothing_is_left(tmp_path, fonts, glyphs, monkeypatch):
    real = sqlite3.connect

    def small(*arguments, **options):
        connection = real(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 8")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    many = pd.concat([glyphs.assign(glyph_id=glyphs["glyph_id"] + 10 * n, label=f"l{n}") for n in range(200)])
    with pytest.raises(OutputError, match="cannot be written"):
        write_database(tmp_path / "out" / "glyphs.db", fonts, many)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_database_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        GlyphDatabase(tmp_path / "glyphs.db")
    (tmp_path / "glyphs.db").write_text("not a database, but long enough to look at " * 40)
    with pytest.raises(InputError, match="not a readable SQLite database"):
        GlyphDatabase(tmp_path / "glyphs.db")


def test_missing_table_and_column_are_named(tmp_path, path):
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE glyphs DROP COLUMN form")
    connection.close()
    with pytest.raises(InputError, match=r"table 'glyphs' lacks the column\(s\) form"):
        GlyphDatabase(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE glyphs")
    connection.close()
    with pytest.raises(InputError, match="table 'glyphs' is missing"):
        GlyphDatabase(path)


def test_reading_does_not_write(path):
    before = path.read_bytes()
    with GlyphDatabase(path) as database, pytest.raises(sqlite3.OperationalError, match="readonly"):
        database._connection.execute("DELETE FROM glyphs")
    assert path.read_bytes() == before
