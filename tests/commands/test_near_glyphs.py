"""``index`` and ``similar`` about glyphs: found by outline or by shape, named, drawn, refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from glyphlens.commands.near_glyphs import font_place, is_arabic, is_font
from glyphlens.inference.embedding import Embedder
from tests.tiny_fonts import tiny_font

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def model(model_folder: Path) -> Path:
    return model_folder / "tiny.onnx"


@pytest.fixture
def index(glyphlens: Run, tmp_path: Path, font_path: Path, model: Path) -> Path:
    out = tmp_path / "index"
    status, printed, err = glyphlens("index", font_path, "-o", out, "--model", model, "--precision", "float16")
    assert (status, printed) == (0, "") and "index: index of 6 glyphs of 1 font written" in err
    return out


@pytest.fixture
def similar(glyphlens: Run, index: Path, model: Path) -> Run:
    return lambda *arguments: glyphlens("similar", *arguments, "--index", index, "--model", model)


@pytest.fixture
def other_font(tmp_path: Path, font_bytes: Callable[..., bytes], shapes: dict[int, list[tuple[int, ...]]]) -> Path:
    """Glyph 1 is a little narrower than the indexed font's, glyph 5 is the very same; no cmap."""
    path = tmp_path / "other.ttf"
    path.write_bytes(font_bytes(shapes | {1: [(0, 0, 580, 600)]}, without_cmap=True))
    return path


def rows_of(out: str) -> pd.DataFrame:
    return pd.DataFrame(json.loads(out))


def test_a_glyph_seen_before_is_found_by_its_outline_and_no_network_is_asked(
    similar: Run, other_font: Path, font_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> Embedder:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(Embedder, "load", asked)
    status, out, _ = similar(f"{other_font}#5", "--top", 2, "-f", "json")
    first, second = json.loads(out)
    assert status == 0 and first == {
        "query": f"{other_font}#5", "rank": 1, "font": str(font_path), "face": 0, "gid": 5, "name": "g005",
        "label": "reh.isol", "code_points": "U+0631", "similarity": 1.0, "exact": True, "fault": None,
    }  # fmt: skip
    assert not second["exact"] and second["similarity"] < 1 and second["gid"] != 5


def test_a_glyph_never_seen_is_nearest_to_what_looks_like_it(similar: Run, other_font: Path) -> None:
    status, out, _ = similar(f"{other_font}#1", "--top", 99, "-f", "json")
    rows = rows_of(out)
    assert status == 0 and len(rows) == 6 and not rows["exact"].any() and rows["label"][0] == "beh.isol"
    assert rows["similarity"].is_monotonic_decreasing and 0.9 < rows["similarity"][0] < 1


def test_a_font_is_all_its_glyphs(similar: Run, other_font: Path) -> None:
    _, out, _ = similar(other_font, "--top", 1, "-f", "json")
    rows = rows_of(out)
    assert rows["query"].tolist() == [f"{other_font}#{gid}" for gid in (0, 1, 2, 4, 5, 6)]
    assert rows["gid"].tolist() == [0, 1, 2, 4, 5, 6] and rows["exact"].tolist() == [True, False] + [True] * 4


def test_a_letter_is_where_its_glyphs_are_and_others_are_named(similar: Run) -> None:
    status, out, _ = similar("ب", "reh.isol", "اا", "--top", 99, "-f", "json")
    near = rows_of(out).groupby("query", sort=False)["label"].apply(list)
    labels = {"beh.isol", "beh.init", "alef.isol", "reh.isol", "fatha"}
    assert status == 0 and list(near.index) == ["ب", "reh.isol", "ا"]
    assert {name: set(found) for name, found in near.items()} == {
        "ب": labels - {"beh.isol"}, "reh.isol": labels - {"reh.isol"}, "ا": labels - {"alef.isol"},
    }  # fmt: skip
    assert near["ا"][0] == "reh.isol"


def test_a_picture_is_asked_about_without_a_place_in_its_em(similar: Run, tmp_path: Path) -> None:
    pixels = np.full((90, 90), 255, np.uint8)
    pixels[10:80, 10:80] = 0
    Image.fromarray(pixels).save(tmp_path / "block.png")
    status, out, _ = similar(tmp_path / "block.png", "--top", 1, "-f", "json")
    assert status == 0 and rows_of(out)["label"].tolist() == ["beh.isol"]


def test_what_cannot_be_used_is_named_and_the_rest_answered(similar: Run, font_path: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.ttf").write_bytes(b"no font")
    wrong = [f"{font_path}#3", f"{font_path}#99", f"{font_path}#2:0", tmp_path / "bad.ttf", "gone.otf#4", "ژ", "石"]
    status, out, err = similar(*wrong, f"{font_path}#1", "--top", 1, "-f", "csv")
    assert status == 1 and len(out.splitlines()) == 1 + len(wrong) + 1
    for said in (
        "test.ttf#3: no outline", "test.ttf#99: has no glyph 99; the last of its glyphs is 6", "has no face 2, only 1",
        "bad.ttf: ", "gone.otf#4: no such file", "ژ (U+0698): no glyph of the index is called so",
        "石 (U+77F3): no glyph",
    ):  # fmt: skip
        assert said in err
    status, out, err = similar("gone.otf", "-o", tmp_path / "a.csv", "--sheet", tmp_path / "a.png")
    assert (status, out) == (2, "") and "nothing was written" in err and not (tmp_path / "a.csv").exists()


def test_faces_of_a_collection_are_counted_from_1(similar: Run, tmp_path: Path, font_path: Path) -> None:
    from fontTools.ttLib import TTCollection, TTFont

    collection = TTCollection()
    collection.fonts = [TTFont(font_path), TTFont(font_path)]
    collection.save(tmp_path / "two.ttc")
    _, out, _ = similar(f"{tmp_path / 'two.ttc'}#2:5", tmp_path / "two.ttc", "--top", 1, "-f", "json")
    names = rows_of(out)["query"].tolist()
    assert names[:2] == [f"{tmp_path / 'two.ttc'}#2:5", f"{tmp_path / 'two.ttc'}#1:0"]
    assert names[-1].endswith("#2:6") and len(names) == 13


def test_files_sheet_and_features(similar: Run, other_font: Path, tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("a.csv", "a.png", "a.npz")]
    status, out, err = similar(
        f"{other_font}#1", "ب", "--top", 3, "-o", places[0], "--sheet", places[1], "--features", places[2]
    )
    assert (status, out) == (0, "") and "a.csv: 2 queries" in err and "a.png: sheet written" in err
    assert len(pd.read_csv(places[0])) == 6
    ink = np.asarray(Image.open(places[1]).convert("L")) < 90
    tiles = ink[34:, :].reshape(1, -1, 12, 136)[:, 6:100]
    assert tiles.any(axis=(1, 3))[0].tolist() == [True] * 8 + [False] * 4
    assert np.load(places[2])["embedding"].shape == (2, 128 * 128)
    _, out, _ = similar(f"{other_font}#5", "--top", 2)
    assert "other.ttf#5" in out and "same" in out and "reh.isol" in out


def test_nothing_that_is_read_is_written_over(similar: Run, index: Path, font_path: Path) -> None:
    status, _, err = similar(f"{font_path}#1", "--features", index / "glyphs.npz")
    assert status == 2 and "would be written over" in err


def test_an_index_of_another_model_or_a_damaged_one_is_refused(
    glyphlens: Run, index: Path, model: Path, tmp_path: Path
) -> None:
    shutil.copytree(model.parent, tmp_path / "more")
    with (tmp_path / "more/tiny.onnx").open("ab") as handle:
        handle.write(b"\x32\x01x")  # a doc string
    status, _, err = glyphlens("similar", "ب", "--index", index, "--model", tmp_path / "more/tiny.onnx")
    assert status == 2 and "made by another model (tiny.onnx" in err
    (index / "vectors.npy").write_bytes(b"")
    status, _, err = glyphlens("similar", "ب", "--index", index, "--model", model)
    assert status == 2 and "vectors.npy: 0 bytes" in err
    status, _, err = glyphlens("similar", "ب", "--index", tmp_path / "none", "--model", model)
    assert status == 2 and "none: no index there; make one" in err


def test_an_index_of_what_can_be_used(glyphlens: Run, font_path: Path, model: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.ttf"
    bad.write_bytes(b"no font")
    status, _, err = glyphlens("index", bad, font_path, "-o", tmp_path / "index", "--model", model)
    assert status == 1 and "bad.ttf" in err and "6 glyphs" in err
    status, _, err = glyphlens("index", bad, "-o", tmp_path / "none", "--model", model)
    assert status == 2 and "nothing was written" in err and not (tmp_path / "none").exists()
    status, _, err = glyphlens("index", font_path, "-o", font_path, "--model", model)
    assert status == 2 and "is there already and no index" in err


def test_an_index_that_needs_faiss_says_so(
    glyphlens: Run, font_path: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    status, _, err = glyphlens("index", font_path, "-o", tmp_path / "index", "--model", model, "--approximate")
    assert status == 2 and "pip install 'glyphlens[search]'" in err and not (tmp_path / "index").exists()


def test_by_default_the_project_s_own_fonts_are_indexed_once(
    glyphlens: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("glyphlens.commands.glyph_indexing.REPOSITORY", tmp_path / "elsewhere")
    status, _, err = glyphlens("similar", "ب", "--model", model)
    assert status == 2 and "there is no index of glyphs; name one with --index" in err
    fonts = tmp_path / "data/raw/fonts/arabic"
    fonts.mkdir(parents=True)
    (fonts / "tiny.ttf").write_bytes(tiny_font())
    status, out, err = glyphlens("similar", "reh.isol", "--model", model, "--top", 1, "-f", "csv")
    assert status == 0 and "indexing the 1 fonts of data/raw/fonts/arabic once" in err and out.count("reh.isol") == 1
    status, again, err = glyphlens("similar", "reh.isol", "--model", model, "--top", 1, "-f", "csv")
    assert (status, again, err) == (0, out, "")
    [place] = (tmp_path / "cache/glyphlens").iterdir()
    (place / "pictures.bin").write_bytes(b"")
    status, again, err = glyphlens("similar", "reh.isol", "--model", model, "--top", 1, "-f", "csv")
    assert (status, again) == (0, out) and "pictures.bin: 0 bytes" in err and "indexing the 1 fonts" in err


def test_a_model_of_other_pictures_is_refused(glyphlens: Run, index: Path, font_path: Path) -> None:
    status, _, err = glyphlens("similar", f"{font_path}#1", "--model", "kanji", "--index", index)
    assert status == 2 and "not the glyphs of Arabic fonts" in err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.ttf", ("a.ttf", 1, None)),
        ("a.ttf#7", ("a.ttf", 1, 7)),
        ("a#1.TTC#2:7", ("a#1.TTC", 2, 7)),
        ("a.ttf#", ("a.ttf#", 1, None)),
        ("a.ttf#x", ("a.ttf#x", 1, None)),
    ],
)
def test_what_a_query_of_a_font_names(text: str, found: tuple[str, int, int | None]) -> None:
    place = font_place(text)
    assert (str(place.font), place.face, place.gid) == found
    assert is_font(text) == (not text.endswith(("#", "#x")))


def test_arabic_texts_are_known_by_their_characters() -> None:
    assert [is_arabic(text) for text in ("ب", "بژ َ", "石", "b", "", " ", "ب石")] == [True, True] + [False] * 5
