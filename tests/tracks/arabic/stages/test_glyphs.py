import json
import sqlite3

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_table
from glyphlens.gates.token import write_token
from glyphlens.imaging.contours import parse_contours
from glyphlens.sources.fonts.companions import save_companions
from glyphlens.sources.fonts.files import own_records, save_fonts
from glyphlens.tracks.arabic.glyphs.glyph_db import GlyphDatabase
from glyphlens.tracks.arabic.stages import glyphs
from tests.tiny_fonts import tiny_font

PARAMS = """
glyphs:
  own_database: null
  lookalike_share: 0.8
  lookalike_fonts: 3
  font_seconds: 60
  font_memory_mib: 1024
  others_per_font: 5
machine: {workers: 2, batch_workers: 0}
"""
OWN = ["--own-labels", "own_labels", "--token", "own_labels.json"]
ARGUMENTS = ["--fonts", "fonts", "--companions", "beside", *OWN, "--out", "out", "--metrics", "metrics.json"]


def say(folder, *rows):
    """Own labels, and the token of their gate."""
    (folder / "own_labels").mkdir(exist_ok=True)
    (folder / "own_labels/README.md").write_text("what it is for")
    if rows:
        (folder / "own_labels/answers.csv").write_text("\n".join(["font,glyph,label", *rows]))
    write_token(folder / "own_labels.json", folder / "own_labels")


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(PARAMS)
    say(tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    for number in range(6):
        (own / f"f{number}.ttf").write_bytes(tiny_font(f"Family {number}", boxes={"g01": [(50, 0, 150, 700 + number)]}))
    (own / "broken.ttf").write_bytes(b"not a font")
    save_fonts(tmp_path / "fonts", "arabic", own_records(own, {})[0])
    save_companions(tmp_path / "beside", [])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_database_labels_audit_and_metrics_are_written(place, capsys):
    glyphs.main(ARGUMENTS)
    with GlyphDatabase(place / "out/glyphs.db") as database:
        fonts, rows = database.fonts(), database.glyphs()
        contours = database.contours(rows["glyph_id"].tolist())
    labels = json.loads((place / "out/labels.json").read_text())
    audit = load_table(place / "out/audit.parquet")
    assert set(rows["label"]) == set(labels) and set(rows["f_id"]) == set(fonts["file_hash"])
    assert {member for entry in labels.values() for member in entry["members"]} >= set(
        rows.loc[rows["label"] != "other", "alt_label"]
    )
    assert all(len(parse_contours(text).ends_C) for text in contours)
    assert json.loads((place / "metrics.json").read_text()) == {
        "fonts": 6,
        "families": 6,
        "glyphs": len(rows),
        "classes": len(labels),
        "audited": len(audit),
    }
    skipped = audit[audit["reason"] == "font skipped"]
    assert len(skipped) == 1 and skipped["font"].item().endswith("broken.ttf")
    assert "broken.ttf: skipped: no font" in "".join(capsys.readouterr())


def test_metrics_count_classes_with_enough_families():
    fonts = pd.DataFrame({"file_hash": list("abcdef"), "family": list("vwxyzz")})
    rows = [
        (label, font) for label, places in (("five", "abcde"), ("four", "bcdef"), ("few", "abcd")) for font in places
    ]
    table = pd.DataFrame(rows, columns=["label", "f_id"])
    audit = pd.DataFrame({"reason": ["x"]})
    assert glyphs.summary(glyphs.GlyphTables(fonts, table, {}, audit)) == {
        "fonts": 6,
        "families": 5,
        "glyphs": 14,
        "classes": 1,
        "audited": 1,
    }


def test_own_database_takes_the_place_of_the_fonts(place):
    glyphs.main(ARGUMENTS)
    own = place / "mine.db"
    (place / "out/glyphs.db").rename(own)
    with sqlite3.connect(own) as connection:
        connection.execute("UPDATE glyphs SET contours = '[]' WHERE glyph_id = 1")
    connection.close()
    (place / "params.yaml").write_text(PARAMS.replace("null", "mine.db"))
    glyphs.main(["--fonts", "nowhere", *ARGUMENTS[2:]])
    audit = load_table(place / "out/audit.parquet")
    assert audit["reason"].tolist() == ["contours do not parse"]
    with GlyphDatabase(place / "out/glyphs.db") as database, GlyphDatabase(own) as before:
        assert len(database.glyphs()) == len(before.glyphs()) - 1


def test_what_a_person_says_is_believed_behind_its_gate(place):
    glyphs.main(ARGUMENTS)
    with GlyphDatabase(place / "out/glyphs.db") as database:
        font, before = database.fonts()["file_hash"][0], database.glyphs()
    say(place, f"{font},beh.isol,teh.isol", f"{font},14,-")
    glyphs.main(ARGUMENTS)
    with GlyphDatabase(place / "out/glyphs.db") as database:
        after = database.glyphs()
    gone, come = (set(map(tuple, table[["f_id", "label"]].values)) for table in (before, after))
    assert gone - come == {(font, "beh.isol"), (font, "waw.isol")} and come - gone == {(font, "teh.isol")}
    (place / "own_labels/answers.csv").write_text("font,glyph,label\n")
    with pytest.raises(InputError, match="not the data that passed the gate"):
        glyphs.main(ARGUMENTS)


def test_own_labels_do_not_go_with_a_database_of_ones_own(place):
    say(place, "a,1,beh.init")
    (place / "params.yaml").write_text(PARAMS.replace("null", "mine.db"))
    with pytest.raises(InputError, match="glyphs.own_database is read instead"):
        glyphs.main(ARGUMENTS)


def test_no_fonts_at_all_is_said(place):
    save_fonts(place / "fonts", "arabic", [])
    with pytest.raises(InputError, match="no fonts; put some into data/own_fonts"):
        glyphs.main(ARGUMENTS)


def test_only_broken_fonts_is_said(place):
    save_fonts(place / "fonts", "arabic", [r for r in own_records(place / "own", {})[0] if "broken" in r.file])
    with pytest.raises(
        InputError, match=r"none of 1 fonts gives an Arabic glyph; the first: own-.*broken.ttf: no font"
    ):
        glyphs.main(ARGUMENTS)
    assert not (place / "out").exists()


@pytest.mark.parametrize(
    ("old", "new"), [("0.8", "1.5"), ("workers: 2", "workers: two"), ("own_database: null\n", "\n")]
)
def test_parameters_are_checked(place, old, new):
    (place / "params.yaml").write_text(PARAMS.replace(old, new))
    with pytest.raises(InputError, match=r"(glyphs\.lookalike_share|machine\.workers|glyphs\.own_database)"):
        glyphs.main(ARGUMENTS)


def test_real_fonts_give_most_letters_in_every_form(font_folder, tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(PARAMS)
    say(tmp_path)
    monkeypatch.chdir(tmp_path)
    save_companions(tmp_path / "beside", [])
    glyphs.main(["--fonts", str(font_folder), *ARGUMENTS[2:]])
    with GlyphDatabase(tmp_path / "out/glyphs.db") as database:
        rows, fonts = database.glyphs(), database.fonts()
    per_label = rows.groupby("label").size()
    for label in (
        "beh.init",
        "beh.medi",
        "beh.fina",
        "lam_alef.isol",
        "lam_alef.fina",
        "arabic_indic_digit_four",
        "fatha",
    ):
        assert per_label[label] == len(fonts), label
    assert len(rows) > 300 * len(fonts)
