"""What a person should look at: a track's own table, glyphs of fonts, and the page that asks about them."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from glyphlens.commands import suspects
from glyphlens.commands.suspect_sheet import Asked, save_label_sheet
from glyphlens.core.storage import load_json, save_json, save_table, sha256_file
from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_sample_set
from glyphlens.inference.embedding import Embedder
from glyphlens.tracks.arabic.glyphs.own_labels import read_own_labels
from tests.commands.conftest import LABELS, SHAPES


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with the tables of two tracks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(suspects, "REPOSITORY", tmp_path)
    labels = {"label": ["beh.init", "teh.init"], "read_as": ["teh.init", "beh.init"], "margin": [1.0, 0.4]}
    arabic = {"sample_id": [1, 0], "reason": "label", "group": "amiri", "font": "a" * 64, "glyph": labels["label"]}
    save_table(tmp_path / "data/arabic/suspects/suspects.parquet", pd.DataFrame({**arabic, **labels}))
    kanji = {"sample_id": [0, 1], "reason": "label", "set": "ETL9G", "file": "f", "record": [3, 4]}
    save_table(tmp_path / "data/kanji/samples/suspects.parquet", pd.DataFrame({**kanji, **labels}))
    index = pd.DataFrame({"sample_id": [0, 1], "class_index": [0, 1], "label": ["beh.init", "teh.init"]})
    index = index.assign(group="amiri", split="train", source="font")
    pixels = np.zeros((2, 128, 16), np.uint8)
    pixels[1, :8] = 255
    classes = [CharacterClass("beh.init"), CharacterClass("teh.init")]
    save_sample_set(tmp_path / "data/arabic/rasters", pixels, index, classes, ImageFormat(128, 128, 1))
    return tmp_path


def test_a_tracks_own_table_is_listed(glyphlens, place):
    status, out, err = glyphlens("suspects")
    assert status == 1 and "teh.init" in out and "2 labels are doubted, 2 are shown" in err
    status, out, _ = glyphlens("suspects", "--track", "kanji", "-f", "json", "--top", 1)
    assert status == 1 and [row["record"] for row in json.loads(out)] == [3]


def test_the_sheet_asks_about_each_doubted_label(glyphlens, place):
    status, _, err = glyphlens("suspects", "--sheet", "ask.html", "-o", "doubted.parquet")
    page = (place / "ask.html").read_text()
    assert status == 1 and "sheet written" in err and len(pd.read_parquet(place / "doubted.parquet")) == 2
    assert re.findall(r'data-font="(\w+)" data-glyph="([\w.]+)"', page) == [
        ("a" * 64, "beh.init"),
        ("a" * 64, "teh.init"),
    ]
    assert 'value="teh.init"' in page and "http" not in page.split("<body", 1)[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--track", "khmer"], "khmer: no suspects.parquet"),
        (["--track", "kanji", "--sheet", "a.html"], "suspects.png"),
        (["--sheet", "a.png"], "name it .html"),
        (["-o", "a.txt"], "which format"),
        (["gone.ttf"], "no such file"),
        (["--track", "arab"], "is not one of"),
    ],
)
def test_what_cannot_be_listed_is_said(glyphlens, place, model_folder, arguments, said, monkeypatch):
    forge_embedder(monkeypatch)
    status, _, err = glyphlens("suspects", *arguments, "--model", model_folder)
    assert status == 2 and said in re.sub(r"[\s│]+", " ", err)


class FlatEmbedder:
    """Where each picture lies: its own ink, a sixteenth as large."""

    numbers = 64

    def embeddings(self, feeds):
        pictures = feeds["raster"].reshape(len(feeds["raster"]), 8, 16, 8, 16).mean(axis=(2, 4)).reshape(-1, 64)
        return (pictures / np.maximum(np.linalg.norm(pictures, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def forge_embedder(monkeypatch):
    """The tiny model's one layer reads the picture itself, which is no embedding."""
    monkeypatch.setattr(Embedder, "load", lambda path, **options: FlatEmbedder())
    monkeypatch.setattr(suspects, "_known_glyphs", lambda *arguments: None)


def test_glyphs_of_fonts_come_by_what_a_label_is_worth(glyphlens, place, font_path, model_folder, monkeypatch):
    forge_embedder(monkeypatch)
    status, _, err = glyphlens(
        "suspects", font_path, font_path.with_name("gone.ttf"), "--model", model_folder, "-o", "worth.csv",
        "--sheet", "ask.html", "--top", 3,
    )  # fmt: skip
    table = pd.read_csv(place / "worth.csv")
    assert status == 1 and "gone.ttf" in err and len(table) == 3
    assert set(table["font_hash"]) == {sha256_file(font_path)} and 3 not in set(table["gid"])  # a space
    assert (table["stands_for"] >= 1).all() and (table["novelty"] == 1).all() and (table["worth"] >= 0).all()
    page = (place / "ask.html").read_text()
    assert re.findall(r'data-glyph="(\d+)"', page) == [str(gid) for gid in table["gid"]]


def test_glyphs_that_are_none_of_these_are_not_worth_a_look(glyphlens, place, font_path, model_folder, monkeypatch):
    forge_embedder(monkeypatch)
    shutil.copytree(model_folder, place / "model")
    manifest = load_json(place / "model/labels.json")
    manifest["classes"][LABELS.index("beh.isol")]["label"] = "other"
    save_json(place / "model/labels.json", manifest)
    for folder, glyphs in ((model_folder, {0, 1, 2, 4, 5, 6}), (place / "model", {0, 2, 4, 5, 6})):
        assert glyphlens("suspects", font_path, "--model", folder, "-o", "worth.csv")[0] == 0
        assert set(pd.read_csv(place / "worth.csv")["gid"]) == glyphs


def test_a_font_of_other_glyphs_alone_is_named(glyphlens, place, font_bytes, model_folder, monkeypatch):
    forge_embedder(monkeypatch)
    shutil.copytree(model_folder, place / "model")
    manifest = load_json(place / "model/labels.json")
    manifest["classes"][LABELS.index("beh.isol")]["label"] = "other"
    save_json(place / "model/labels.json", manifest)
    (place / "icons.ttf").write_bytes(font_bytes({0: SHAPES[1], 1: SHAPES[1]}, {0x628: 1}))
    status, _, err = glyphlens("suspects", place / "icons.ttf", "--model", place / "model")
    assert status == 2 and "icons.ttf: no glyph that the recogniser may know" in err


def test_what_the_page_saves_is_what_the_stage_reads(place):
    ink = np.zeros((128, 128), np.uint8)
    save_label_sheet(place / "ask.html", [Asked("<f>", "1", ink, ("beh.init", "beh.init"), "a<b")], "t")
    page = (place / "ask.html").read_text()
    assert page.count('type="checkbox" value="beh.init"') == 1 and "a<b" not in page and "<f>" not in page
    header = re.search(r'\["(font,glyph,label)"', page)
    assert header is not None
    (place / "own").mkdir()
    (place / "own/answers.csv").write_text(f"{header[1]}\naa,1,beh.init\n")
    assert read_own_labels(place / "own")[0].label == "beh.init"
