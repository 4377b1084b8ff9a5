import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file
from glyphlens.sources.companion_scripts import OTHER
from glyphlens.sources.fonts.files import COLUMNS, FontRecord
from glyphlens.sources.fonts.isolation import Limits
from glyphlens.tracks.arabic.glyphs.font_glyphs import glyph_tables
from glyphlens.tracks.arabic.glyphs.glyph_db import write_database
from glyphlens.tracks.arabic.glyphs.other_glyphs import kind_of_name
from tests.tiny_fonts import CMAP, tiny_font

LIMITS = Limits(seconds=30, memory_mib=512)
RULES = {"limits": LIMITS, "workers": 2, "lookalike_share": 0.8, "lookalike_fonts": 3, "others_per_font": 5}


def folder_of(folder, files):
    """Font files as rows of a manifest, and no fonts to be refused; the family is the file's stem."""
    folder.mkdir(exist_ok=True)
    rows = []
    for name, data in sorted(files.items()):
        path = folder / name
        path.write_bytes(data)
        record = FontRecord("arabic", "", "", path.stem, "normal", 400, "", "own", name, sha256_file(path), path)
        rows.append(record[:-1])
    manifest = pd.DataFrame(rows, columns=list(COLUMNS))
    arabic = manifest.assign(path=[folder / name for name in manifest["file"]], companions=[()] * len(manifest))
    return arabic, arabic[:0].assign(paths=[])


def moved(number):
    """Boxes that make each font another one, kaf and keheh alike in all of them."""
    return {"g22": [(0, 0, 550 + number, 500)], "g23": [(30, 0, 580 + number, 500)]}


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    files = {f"font{number}.ttf": tiny_font(boxes=moved(number)) for number in range(3)}
    return folder_of(tmp_path_factory.mktemp("three") / "fonts", files)


@pytest.fixture(scope="module")
def tables(three):
    return glyph_tables(*three, **RULES)


def test_lookalikes_become_one_class_with_its_members(tables):
    assert tables.labels["kaf.isol"] == {
        "code_points": ["U+0643"],
        "form": "isol",
        "char_class": "isol",
        "members": ["kaf.isol", "keheh.isol"],
        "lookalikes": [],
    }
    assert "keheh.isol" not in tables.labels
    dropped = tables.audit[(tables.audit["stage"] == "merging") & (tables.audit["detail"] == "kaf.isol")]
    assert dropped[["font", "label", "detail"]].values.tolist() == [
        [f"font{number}.ttf", "keheh.isol", "kaf.isol"] for number in range(3)
    ]


def test_a_font_has_a_class_once_and_rows_are_sorted(tables):
    glyphs = tables.glyphs[tables.glyphs["label"] != OTHER]
    assert not glyphs.duplicated(["f_id", "label"]).any()
    order = {name: number for number, name in enumerate(tables.fonts["file_hash"])}
    assert [(order[font], label) for font, label in zip(glyphs["f_id"], glyphs["label"], strict=True)] == sorted(
        (order[font], label) for font, label in zip(glyphs["f_id"], glyphs["label"], strict=True)
    )
    assert glyphs["glyph_id"].tolist() == list(range(1, len(glyphs) + 1))


def test_what_a_font_shows_for_a_missing_character_is_to_be_refused(tables):
    others = tables.glyphs[tables.glyphs["label"] == OTHER]
    assert others["alt_label"].tolist() == ["other_notdef_0"] * 3 and (others["char_class"] == OTHER).all()
    assert others["glyph_id"].is_monotonic_increasing and tables.labels[OTHER]["members"] == [OTHER]


def test_a_latin_letter_drawn_as_an_arabic_one_is_a_member_of_its_class(tables):
    assert tables.labels["alef.isol"]["members"] == ["alef.isol", "latin_capital_a"]
    assert tables.labels["alef.isol"]["char_class"] == "isol"


def test_glyphs_of_other_scripts_are_drawn_by_lot(three, tmp_path):
    cmap = {0x4E00 + number: f"g{number:02}" for number in range(4, 20)} | {0x61: "g20", 0xFF21: "g22"}
    (tmp_path / "cjk.ttf").write_bytes(tiny_font(cmap=cmap, features=None))
    record = three[0].iloc[:1].assign(file="cjk.ttf", script="cjk", sha256="ab" * 32, family="cjk")
    refused = record.assign(paths=[(tmp_path / "cjk.ttf",)])
    first, again = (glyph_tables(three[0], refused, **RULES).glyphs for _ in range(2))
    kinds = first.loc[first["label"] == OTHER, "alt_label"].map(kind_of_name)
    assert kinds.value_counts().to_dict() == {"cjk": 5, "notdef": 4}
    assert first.equals(again)


def test_member_stands_for_its_class_where_the_font_lacks_the_first(tmp_path):
    cmap = {code: name for code, name in CMAP.items() if code != 0x643}
    files = {f"font{number}.ttf": tiny_font(boxes=moved(number)) for number in range(3)}
    tables = glyph_tables(*folder_of(tmp_path / "fonts", files | {"other.ttf": tiny_font(cmap=cmap)}), **RULES)
    other = tables.fonts.loc[tables.fonts["file"] == "other.ttf", "file_hash"].item()
    row = tables.glyphs[(tables.glyphs["f_id"] == other) & (tables.glyphs["label"] == "kaf.isol")]
    assert row["alt_label"].tolist() == ["keheh.isol"]


def test_presentation_only_classes_are_told_apart(tables):
    classes = tables.glyphs.drop_duplicates("label").set_index("label")["char_class"]
    assert classes["lam_alef.fina"] == classes["ornate_left_parenthesis"] == "presentation"
    assert classes["lam_alef.isol"] == "ligature" and classes["beh.fina"] == "final"
    assert classes["shadda_fatha"] == "diacritic"


def test_code_points_joining_group_and_form(tables):
    row = tables.glyphs[tables.glyphs["label"] == "beh.medi"].iloc[0]
    assert (row["code_points"], row["joining_group"], row["form"]) == ("U+0628", "Beh", "medi")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"garbage that is no font", "no font"),
        (tiny_font()[:300], ""),
        (tiny_font(flavor="woff2")[:200], "does not unpack"),
        (b"ttcf\x00\x01\x00\x00\xff\xff\xff\xff", "a collection of 4294967295 faces"),
        (tiny_font(cmap={0x4E00: "g01"}, features=None), "no Arabic glyph"),
    ],
)
def test_broken_fonts_are_skipped_and_named(tmp_path, data, reason):
    files = {"good.ttf": tiny_font(), "bad.ttf": data}
    tables = glyph_tables(*folder_of(tmp_path / "fonts", files), **RULES)
    assert tables.fonts["file"].tolist() == ["good.ttf"]
    (skipped,) = tables.audit[tables.audit["reason"] == "font skipped"].itertuples()
    assert skipped.font == "bad.ttf" and reason in skipped.detail and skipped.detail


@pytest.mark.parametrize("limits", [Limits(seconds=1e-4, memory_mib=512)])
def test_a_font_beyond_its_limits_is_skipped(tmp_path, limits):
    with pytest.raises(InputError, match=r"none of 1 fonts gives an Arabic glyph.*good.ttf: took longer than 0.0001 s"):
        glyph_tables(*folder_of(tmp_path / "fonts", {"good.ttf": tiny_font()}), **(RULES | {"limits": limits}))


def test_two_runs_and_any_number_of_workers_give_the_same_bytes(tmp_path, three):
    for run, workers in enumerate((1, 3)):
        tables = glyph_tables(*three, **(RULES | {"workers": workers}))
        write_database(tmp_path / f"{run}.db", tables.fonts, tables.glyphs)
        tables.audit.to_parquet(tmp_path / f"{run}.parquet")
    assert (tmp_path / "0.db").read_bytes() == (tmp_path / "1.db").read_bytes()
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
