import json
import sqlite3

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import save_json, save_table
from glyphlens.gates.check import Verdict
from glyphlens.gates.run import examine
from glyphlens.imaging.contours import parse_contours
from glyphlens.tracks.arabic.gates.glyphs import GATE, GlyphLimits, GlyphPaths
from glyphlens.tracks.arabic.glyphs.glyph_db import GlyphDatabase, write_database
from glyphlens.tracks.arabic.glyphs.own_database import own_tables

SQUARE = json.dumps([["moveTo", [0, 0]], ["lineTo", [0.0, 9]], ["lineTo", [9, 9]], ["closePath", None]])
MINIMAL = """
CREATE TABLE fonts (file_hash TEXT PRIMARY KEY, upem INTEGER);
CREATE TABLE glyphs (id INTEGER PRIMARY KEY, f_id TEXT, label TEXT, contours TEXT, colour BLOB);
INSERT INTO fonts VALUES ('a', 1000), ('b', 2048);
"""


@pytest.fixture
def make(tmp_path):
    """A database with these glyph rows (id, f_id, label, contours), changed by the statements that follow."""

    def build(rows, then=""):
        path = tmp_path / "own.db"
        connection = sqlite3.connect(path)
        connection.executescript(MINIMAL)
        connection.executemany("INSERT INTO glyphs (id, f_id, label, contours) VALUES (?, ?, ?, ?)", rows)
        connection.commit()
        connection.executescript(then)
        connection.close()
        return path

    return build


ROWS = [(7, "b", "beh.init", SQUARE), (3, "a", "beh_final", SQUARE), (5, "a", "alef.isol", SQUARE)]


def test_id_stands_for_glyph_id_and_unknown_columns_are_ignored(make, tmp_path):
    tables = own_tables(make(ROWS))
    assert tables.glyphs["label"].tolist() == ["alef.isol", "beh_final", "beh.init"]
    assert tables.glyphs["glyph_id"].tolist() == [1, 2, 3]
    assert tables.glyphs["form"].tolist() == ["isol", "fina", "init"]
    assert tables.fonts["family"].tolist() == ["a", "b"]  # falls back to the font's hash
    assert tables.audit.empty
    assert tables.labels["beh.init"]["members"] == ["beh.init"]
    write_database(tmp_path / "out.db", tables.fonts, tables.glyphs)
    with GlyphDatabase(tmp_path / "out.db") as database:
        contours = database.contours([1])[0]
    assert "9.0" not in contours and len(parse_contours(contours).points_P2) == 3


def test_own_columns_are_kept(make):
    path = make(
        ROWS,
        """
        ALTER TABLE fonts ADD COLUMN family TEXT;
        UPDATE fonts SET family = 'one' WHERE file_hash = 'a';
        ALTER TABLE glyphs ADD COLUMN width REAL;
        UPDATE glyphs SET width = 612.0;
        ALTER TABLE glyphs ADD COLUMN char_class TEXT;
        UPDATE glyphs SET char_class = 'presentation' WHERE label = 'beh.init';
        UPDATE glyphs SET char_class = 'cuneiform' WHERE label = 'alef.isol';
        """,
    )
    tables = own_tables(path)
    assert tables.fonts["family"].tolist() == ["b", "one"]
    glyphs = tables.glyphs.set_index("label")
    assert glyphs["width"].tolist() == [612] * 3
    assert glyphs["char_class"].to_dict() == {"beh.init": "presentation", "alef.isol": "isol", "beh_final": "final"}


def test_what_the_columns_do_not_say_the_label_does(make):
    tables = own_tables(make([*ROWS, (9, "a", "fatha", SQUARE), (10, "a", "swash_7.medi", SQUARE)]))
    rows = tables.glyphs.set_index("label")
    assert rows.loc["beh_final", ["form", "char_class", "code_points"]].tolist() == ["fina", "final", "U+0628"]
    assert rows.loc["fatha", ["form", "char_class", "code_points"]].tolist() == ["", "diacritic", "U+064E"]
    assert rows.loc["swash_7.medi", ["form", "char_class", "code_points"]].tolist() == ["medi", "medi", ""]
    assert rows.loc["beh.init", "joining_group"] == "Beh"
    assert tables.labels["swash_7.medi"]["code_points"] == []


def test_typographic_metrics_stand_in_for_missing_ones(make):
    added = "ALTER TABLE fonts ADD COLUMN typo_ascent INTEGER; ALTER TABLE fonts ADD COLUMN typo_descent INTEGER;"
    tables = own_tables(make(ROWS, f"{added} UPDATE fonts SET typo_ascent = 800, typo_descent = -200"))
    assert tables.fonts[["ascent", "descent"]].values.tolist() == [[800, -200]] * 2


def test_a_raw_label_is_the_member_of_one_class_only(make):
    added = "ALTER TABLE glyphs ADD COLUMN alt_label TEXT;"
    tables = own_tables(make(ROWS, f"{added} UPDATE glyphs SET alt_label = iif(id = 7, 'beh.init.ss01', 'letter')"))
    assert tables.labels["beh.init"]["members"] == ["beh.init", "beh.init.ss01"]
    assert tables.labels["alef.isol"]["members"] == ["alef.isol"]


def test_a_database_of_required_columns_passes_the_gate(make, tmp_path):
    tables = own_tables(make(ROWS, "ALTER TABLE fonts ADD COLUMN ascent INTEGER; UPDATE fonts SET ascent = upem"))
    write_database(tmp_path / "glyphs.db", tables.fonts, tables.glyphs)
    save_json(tmp_path / "labels.json", tables.labels)
    save_table(tmp_path / "audit.parquet", tables.audit)
    limits = load_params(GlyphLimits, "gates.glyphs").model_copy(
        update={"min_classes": 0, "min_families": 2, "min_glyphs_per_font": 1}
    )
    results = examine(GATE, GATE.open(GlyphPaths(tmp_path), limits), limits)
    assert {result.id: result.outcome for result in results if result.outcome.verdict is Verdict.FAIL} == {}


def test_the_users_file_is_not_touched(make):
    path = make(ROWS)
    before = path.read_bytes()
    own_tables(path)
    assert path.read_bytes() == before and [entry.name for entry in path.parent.iterdir()] == ["own.db"]


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ((9, "nobody", "x", SQUARE), "orphan", "no font 'nobody'"),
        ((9, None, "x", SQUARE), "orphan", "no font ''"),
        ((9, "a", None, SQUARE), "no label", "empty"),
        ((9, "a", "", SQUARE), "no label", "empty"),
        ((9, "a", "x", ""), "no contours", "empty"),
        ((9, "a", "x", None), "no contours", "empty"),
        ((9, "a", "alef.isol", SQUARE), "label given before", "already"),
        ((9, "a", "x", "{"), "contours do not parse", "not valid JSON"),
        ((9, "a", "x", "[]"), "contours do not parse", "no closed path"),
        ((9, "a", "x", '[["moveTo", [0, 0]], ["lineTo", [0, 5]]]'), "contours do not parse", "not closed"),
        ((9, "a", "x", SQUARE.replace("[9, 9]", "[NaN, 9]")), "contours do not parse", "JSON"),
        ((9, "a", "x", SQUARE.replace("lineTo", "drawTo")), "contours do not parse", "drawTo"),
    ],
)
def test_rows_that_cannot_be_used_go_to_the_audit(make, row, reason, detail):
    tables = own_tables(make([*ROWS, row]))
    assert len(tables.glyphs) == 3
    (entry,) = tables.audit.itertuples()
    assert entry.reason == reason and "glyph_id 9" in entry.detail and detail in entry.detail


def test_fonts_without_glyphs_go_to_the_audit(make):
    tables = own_tables(make(ROWS[1:]))
    assert tables.fonts["file_hash"].tolist() == ["a"]
    assert tables.audit[["reason", "font"]].values.tolist() == [["font without glyphs", "b"]]


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ("DROP TABLE fonts", "table 'fonts' is missing"),
        ("DROP TABLE glyphs", "table 'glyphs' is missing"),
        ("ALTER TABLE glyphs DROP COLUMN contours", r"table 'glyphs' lacks the column\(s\) contours"),
        ("ALTER TABLE fonts DROP COLUMN upem", r"table 'fonts' lacks the column\(s\) upem"),
        ("ALTER TABLE glyphs RENAME COLUMN id TO key", r"table 'glyphs' lacks the column\(s\) id"),
        ("UPDATE glyphs SET label = x'00'", "'glyphs': column 'label' holds blob in 3 row"),
        ("UPDATE fonts SET upem = 'thousand' WHERE file_hash = 'b'", "'fonts': column 'upem' holds text in 1 row"),
        ("UPDATE fonts SET upem = 0", "upem 0 of 'a' is not above 0"),
        ("UPDATE fonts SET upem = NULL", "'fonts': column 'upem' is empty"),
        ("ALTER TABLE glyphs ADD COLUMN width TEXT; UPDATE glyphs SET width = 'wide'", "column 'width' holds text"),
        ("ALTER TABLE glyphs ADD COLUMN form; UPDATE glyphs SET form = 1", "column 'form' holds integer"),
        ("DELETE FROM glyphs", "no usable row"),
        ("UPDATE glyphs SET f_id = 'nobody'", "no usable row; the first: orphan"),
    ],
)
def test_what_is_wrong_with_a_database_is_named(make, statements, said):
    path = make(ROWS, statements)
    with pytest.raises(InputError, match=said):
        own_tables(path)


def test_missing_file_and_damaged_file(tmp_path, make):
    with pytest.raises(InputError, match="no such file"):
        own_tables(tmp_path / "none.db")
    path = make([(number, "a", f"l{number}", SQUARE) for number in range(400)])
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read|not a readable"):
        own_tables(path)
