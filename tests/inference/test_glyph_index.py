"""An index of glyphs: what is saved is found again; what is damaged, of another model or no index is refused."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.approximate import save_faiss
from glyphlens.inference.glyph_index import (
    BLOCK,
    GlyphIndex,
    IndexedGlyphs,
    Nearest,
    _better,
    eight_bits,
    require_index_place,
    save_index,
)
from glyphlens.inference.prototypes import of_length_1

COUNT, NUMBERS = 50, 16


def glyphs(count: int = COUNT, seed: int = 1) -> IndexedGlyphs:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "font": [f"font{row % 3}.ttf" for row in range(count)],
            "face": 0,
            "gid": np.arange(count),
            "name": [f"g{row}" for row in range(count)],
            "label": [["beh.init", "", "reh.isol"][row % 3] for row in range(count)],
            "code_points": [["U+0628", "", "U+0631"][row % 3] for row in range(count)],
            "outline": [f"1000-{row // 2:032x}" for row in range(count)],
        }
    )
    vectors = of_length_1(np.abs(rng.normal(size=(count, NUMBERS))).astype(np.float32))
    return IndexedGlyphs(table, vectors, rng.integers(0, 255, (count, 128, 16), np.uint8))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "m.onnx").write_bytes(b"a model")
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("storage", ["int8", "float16"])
def test_what_is_saved_is_found_again(tmp_path: Path, model: Path, storage: str) -> None:
    made = glyphs()
    save_index(tmp_path / "index", made, model, storage)
    index = GlyphIndex.open(tmp_path / "index")
    index.require_made_by(model)
    assert len(index) == COUNT and isinstance(index.vectors, np.memmap)
    for name in made.table:
        assert index.table[name].tolist() == made.table[name].tolist()
    rows = np.array([3, 0, 49])
    np.testing.assert_array_equal(index.pictures_of(rows.tolist()), made.packed_NHB[rows])
    np.testing.assert_allclose(index.vectors_of(rows), made.vectors_NE[rows], atol=0.01)
    near = index.nearest(made.vectors_NE, 3)
    assert near.rows_QK[:, 0].tolist() == list(range(COUNT)) and near.rows_QK.shape == (COUNT, 3)
    np.testing.assert_allclose(near.similarity_QK[:, 0], 1, atol=2e-3)
    assert (np.diff(near.similarity_QK, axis=1) <= 0).all()
    assert index.same_outline(f"1000-{7:032x}").tolist() == [14, 15]
    assert index.same_outline("1000-none").tolist() == index.same_outline("").tolist() == []


def test_more_than_there_are_is_all(tmp_path: Path, model: Path) -> None:
    save_index(tmp_path / "index", glyphs(4), model, "int8")
    index = GlyphIndex.open(tmp_path / "index")
    near = index.nearest(index.vectors_of(np.arange(2)), 99)
    assert [sorted(rows) for rows in near.rows_QK.tolist()] == [[0, 1, 2, 3]] * 2
    assert index.nearest(np.zeros((0, NUMBERS), np.float32), 3).rows_QK.shape[0] == 0


def test_blocks_make_no_difference_and_the_first_of_equals_comes_first(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = glyphs()
    made.vectors_NE[40] = made.vectors_NE[11] = made.vectors_NE[5]
    save_index(tmp_path / "index", made, model, "float16")
    index = GlyphIndex.open(tmp_path / "index")
    whole = index.nearest(made.vectors_NE, 7)
    assert whole.rows_QK[5, :3].tolist() == [5, 11, 40] and BLOCK > COUNT
    for block in (1, 8, 49):
        monkeypatch.setattr("glyphlens.inference.glyph_index.BLOCK", block)
        parts = index.nearest(made.vectors_NE, 7)
        np.testing.assert_array_equal(parts.rows_QK, whole.rows_QK)


def test_many_equals_at_the_limit_are_cut_by_row() -> None:
    nothing = Nearest(np.zeros((1, 0), np.int64), np.zeros((1, 0), np.float32))
    best = _better(nothing, Nearest(np.arange(6)[None], np.array([[1, 2, 2, 2, 2, 3]], np.float32)), 3)
    assert best.rows_QK.tolist() == [[5, 1, 2]]


def test_a_byte_a_number_keeps_the_order() -> None:
    vectors = np.concatenate([glyphs(30).vectors_NE, np.zeros((1, NUMBERS), np.float32)])
    levels, steps = eight_bits(vectors)
    assert levels.dtype == np.int8 and levels.max() == 127
    np.testing.assert_allclose(np.linalg.norm(levels * steps, axis=1), [1] * 30 + [0], rtol=1e-5)
    assert ((levels * steps) @ vectors.T).argmax(axis=1)[:30].tolist() == list(range(30))


def damaged(index: Path, name: str, change: str) -> str:
    """Damage one file; what is said of it."""
    file = index / name
    content = file.read_bytes()
    if change == "cut":
        file.write_bytes(content[:-1])
        return f"{name}: {len(content) - 1:,} bytes, the index was written with"
    if change == "turned":
        file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        return f"{name}: damaged"
    file.unlink()
    return f"{name}: missing"


@pytest.mark.parametrize("change", ["cut", "turned", "gone"])
@pytest.mark.parametrize("name", ["vectors.npy", "glyphs.npz", "pictures.bin"])
def test_damage_is_named(tmp_path: Path, model: Path, name: str, change: str) -> None:
    save_index(tmp_path / "index", glyphs(), model, "int8")
    message = damaged(tmp_path / "index", name, change)
    with pytest.raises(InputError, match=message):
        GlyphIndex.open(tmp_path / "index")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "not an index, index.json is missing"),
        ("{", "not a readable JSON file"),
        ("[]", "not what an index holds"),
        ({"glyphlens_index": 2}, "not what an index holds"),
        ({"glyphs": 0}, "names glyphs.npz"),
        ({"glyphs": 49}, "49 glyphs, but 50 rows"),
        ({"numbers": 15}, "vectors"),
        ({"storage": "faiss"}, "names glyphs.npz"),
        ({"files": {}}, "names"),
    ],
)
def test_a_folder_that_is_no_index_is_refused(tmp_path: Path, model: Path, change: object, message: str) -> None:
    save_index(tmp_path / "index", glyphs(), model, "int8")
    file = tmp_path / "index/index.json"
    if isinstance(change, dict):
        file.write_text(json.dumps(json.loads(file.read_text()) | change))
    elif change is None:
        file.unlink()
    else:
        file.write_text(str(change))
    with pytest.raises(InputError, match=message):
        GlyphIndex.open(tmp_path / "index")
    with pytest.raises(InputError, match="no index there"):
        GlyphIndex.open(tmp_path / "nowhere")


def test_the_index_of_another_model_is_refused(tmp_path: Path, model: Path) -> None:
    save_index(tmp_path / "index", glyphs(), model, "int8")
    model.write_bytes(b"another model")
    with pytest.raises(InputError, match=r"made by another model \(m.onnx"):
        GlyphIndex.open(tmp_path / "index").require_made_by(model)


def test_an_index_takes_the_place_of_another_and_of_nothing_else(tmp_path: Path, model: Path) -> None:
    for count in (COUNT, 7):
        save_index(tmp_path / "index", glyphs(count), model, "int8")
    assert len(GlyphIndex.open(tmp_path / "index")) == 7
    (tmp_path / "notes").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "index")
    for place in ("notes", "m.onnx", "linked"):
        with pytest.raises(InputError, match="is there already and no index"):
            require_index_place(tmp_path / place)


def test_a_failure_leaves_the_old_index(tmp_path: Path, model: Path) -> None:
    save_index(tmp_path / "index", glyphs(), model, "int8")
    before = {file.name: file.read_bytes() for file in (tmp_path / "index").iterdir()}
    broken = glyphs(9)
    with pytest.raises(InputError):
        save_index(tmp_path / "index", broken, tmp_path / "no model", "int8")
    assert {file.name: file.read_bytes() for file in (tmp_path / "index").iterdir()} == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index", "m.onnx"]


def test_approximate_search_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match=r"pip install 'glyphlens\[search\]'"):
        save_faiss(tmp_path / "vectors.faiss", glyphs().vectors_NE)


def test_approximate_search_finds_what_exact_search_finds(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("faiss", reason="an extra")
    made = glyphs(2000)
    save_index(tmp_path / "index", made, model, "faiss")
    index = GlyphIndex.open(tmp_path / "index")
    assert index.nearest(made.vectors_NE, 3).rows_QK[:, 0].tolist() == list(range(2000))
    np.testing.assert_allclose(index.vectors_of(np.array([9, 3])), made.vectors_NE[[9, 3]], atol=0.02)
    shutil.copy(tmp_path / "index/glyphs.npz", tmp_path / "index/vectors.faiss")
    with pytest.raises(InputError, match="vectors.faiss"):
        GlyphIndex.open(tmp_path / "index")
