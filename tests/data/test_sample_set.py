import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array, save_table
from glyphlens.data.sample_set import (
    ANY_WIDTH,
    CharacterClass,
    Charset,
    ImageFormat,
    SampleSet,
    lay_end_to_end,
    pack_bits,
    save_sample_set,
    unpack_bits,
)

CLASSES = (
    CharacterClass("alef", ("U+0627",), "isol", ("alef", "alef_wasla"), (), 3),
    CharacterClass("fatha", ("U+064E",), "", ("fatha",), ("kasra",), 2),
    CharacterClass("kasra", ("U+0650",), "", ("kasra",), ("fatha",), 1),
)
IMAGES = np.random.default_rng(1).integers(0, 2, (6, 8, 16)).astype(np.uint8)


def index() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": range(6),
            "class_index": [0, 1, 2, 0, 1, 0],
            "label": ["alef", "fatha", "kasra", "alef", "fatha", "alef"],
            "group": list("aabbcc"),
            "split": ["train", "train", "val", "val", "test", "excluded"],
            "source": "font",
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_sample_set(tmp_path / "set", pack_bits(IMAGES), index(), CLASSES, ImageFormat(8, 16, bits=1))
    return tmp_path / "set"


@settings(deadline=None)
@given(arrays.arrays(np.bool_, st.tuples(st.integers(0, 3), st.integers(1, 9), st.sampled_from([8, 16, 128]))))
def test_unpacking_inverts_packing(images: np.ndarray) -> None:
    packed = pack_bits(images)
    assert packed.shape == (*images.shape[:2], images.shape[2] // 8)
    assert np.array_equal(unpack_bits(packed), images)


def test_any_ink_is_packed_as_one_and_the_left_pixel_first() -> None:
    image = np.zeros((1, 1, 8), np.uint8)
    image[0, 0, 0], image[0, 0, 7] = 255, 7
    assert pack_bits(image).tolist() == [[[0b10000001]]]


def test_a_set_round_trips(folder: Path) -> None:
    found = SampleSet.open(folder)
    assert len(found) == 6
    assert found.classes == CLASSES
    pd.testing.assert_frame_equal(found.index, index())
    assert np.array_equal(found.images(slice(None)), IMAGES * 255)
    assert np.array_equal(found.images(np.array([4, 1])), IMAGES[[4, 1]] * 255)
    assert found.class_indices.tolist() == [0, 1, 2, 0, 1, 0]


def test_grey_images_come_back_as_they_are(tmp_path: Path) -> None:
    grey = np.random.default_rng(2).integers(0, 256, (6, 8, 16)).astype(np.uint8)
    save_sample_set(tmp_path, grey, index(), CLASSES, ImageFormat(8, 16, bits=8))
    assert np.array_equal(SampleSet.open(tmp_path).images(np.array([5, 0])), grey[[5, 0]])


@pytest.mark.parametrize(("split", "rows"), [("train", [0, 1]), ("val", [2, 3]), ("test", [4]), ("absent", [])])
def test_rows_of_a_split(folder: Path, split: str, rows: list[int]) -> None:
    assert SampleSet.open(folder).rows(split).tolist() == rows


def test_lookalikes_share_their_first_class(folder: Path) -> None:
    assert SampleSet.open(folder).shape_class.tolist() == [0, 1, 1]


@pytest.mark.parametrize("name", ["pixels.npy", "index.parquet", "classes.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        SampleSet.open(folder)


@pytest.mark.parametrize("pixels", [np.zeros((5, 8, 2), np.uint8), np.zeros((6, 8, 3), np.uint8), np.zeros((6, 8, 2))])
def test_pixels_that_do_not_fit_the_index_are_refused(folder: Path, pixels: np.ndarray) -> None:
    save_array(folder / "pixels.npy", pixels)
    with pytest.raises(InputError, match=r"pixels.npy: .* expected \(6, 8, 2\) uint8"):
        SampleSet.open(folder)


def test_missing_columns_are_named(folder: Path) -> None:
    save_table(folder / "index.parquet", index().drop(columns=["group", "split"]))
    with pytest.raises(InputError, match="columns missing: group, split"):
        SampleSet.open(folder)


@pytest.mark.parametrize("change", [{"image": {"height_px": 8}}, {"classes": [{"name": "alef"}]}, {"classes": None}])
def test_a_broken_class_list_is_refused(folder: Path, change: dict[str, object]) -> None:
    path = folder / "classes.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match="classes.json: not a class list"):
        SampleSet.open(folder)


# ── images of any width, and texts ───────────────────────────────────────────────────────────
CHARSET = Charset("abិក្")  # Latin letters and Khmer ones, two of which combine
HEIGHT = 4
IMAGES_OF_LINES = st.lists(
    st.integers(1, 9).flatmap(lambda width: arrays.arrays(np.uint8, (HEIGHT, width))), min_size=1, max_size=6
)


def lines_index(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"sample_id": range(len(texts)), "text": texts, "group": "font", "split": "train", "source": "rendered"}
    )


def save_lines(folder: Path, images: list[np.ndarray], texts: list[str]) -> None:
    pixels, offsets = lay_end_to_end(images)
    save_sample_set(folder, pixels, lines_index(texts), CHARSET, ImageFormat(HEIGHT, ANY_WIDTH, 8), offsets)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(images=IMAGES_OF_LINES, data=st.data())
def test_lines_round_trip(tmp_path: Path, images: list[np.ndarray], data: st.DataObject) -> None:
    texts = [data.draw(st.text(CHARSET.characters, max_size=8)) for _ in images]
    save_lines(tmp_path, images, texts)
    found = SampleSet.open(tmp_path)
    assert found.texts == tuple(texts)
    assert found.charset == CHARSET
    assert found.widths_N.tolist() == [image.shape[1] for image in images]
    for row, image in enumerate(images):
        assert np.array_equal(found.images(np.array([row]))[0], image)
    order = np.array(data.draw(st.permutations(range(len(images)))))
    padded = found.images(order, min_width_px=5)
    assert padded.shape == (len(images), HEIGHT, max(5, found.widths_N.max()))
    for row, image in zip(order, padded, strict=True):
        width = images[row].shape[1]
        assert np.array_equal(image[:, :width], images[row])
        assert not image[:, width:].any()


def test_lines_may_have_classes_and_pictures_texts(tmp_path: Path) -> None:
    images = [np.full((HEIGHT, width), width, np.uint8) for width in (1, 2, 3, 4, 5, 6)]
    pixels, offsets = lay_end_to_end(images)
    save_sample_set(tmp_path / "words", pixels, index(), CLASSES, ImageFormat(HEIGHT, ANY_WIDTH, 8), offsets)
    words = SampleSet.open(tmp_path / "words")
    assert words.classes == CLASSES and words.class_indices.tolist() == [0, 1, 2, 0, 1, 0]
    save_sample_set(tmp_path / "texts", pack_bits(IMAGES), lines_index(["ab"] * 6), CHARSET, ImageFormat(8, 16, 1))
    texts = SampleSet.open(tmp_path / "texts")
    assert texts.texts == ("ab",) * 6 and texts.widths_N.tolist() == [16] * 6
    assert np.array_equal(texts.images(slice(None)), IMAGES * 255)


@given(st.text(CHARSET.characters))
def test_decoding_inverts_encoding(text: str) -> None:
    assert CHARSET.decode(CHARSET.encode(text)) == text


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    save_lines(tmp_path, [np.zeros((HEIGHT, width), np.uint8) for width in (3, 1, 2)], ["a", "", "ក្"])
    return tmp_path


@pytest.mark.parametrize(
    ("offsets", "named"),
    [
        ([0, 12, 24], r"offsets.npy: \(3,\) int64, expected \(4,\) int64"),
        ([0.0, 12, 16, 24], r"offsets.npy: \(4,\) float64, expected"),
        ([0, 12, 16, 20], r"offsets.npy: cuts 0 to 20 out of 24 pixels"),
        ([4, 12, 16, 24], r"offsets.npy: cuts 4 to 24"),
        ([0, 12, 15, 24], r"row 1 has 3 pixels, expected whole columns of 4, at least one \(2 rows"),
        ([0, 12, 12, 24], r"row 1 has 0 pixels"),
        ([0, 16, 12, 24], r"row 1 has -4 pixels"),
    ],
)
def test_offsets_that_do_not_fit_are_refused(lines: Path, offsets: list[int], named: str) -> None:
    save_array(lines / "offsets.npy", np.array(offsets))
    with pytest.raises(InputError, match=named):
        SampleSet.open(lines)


def test_lines_without_their_offsets_are_refused(lines: Path) -> None:
    (lines / "offsets.npy").unlink()
    with pytest.raises(InputError, match=r"offsets\.npy"):
        SampleSet.open(lines)


def test_pixels_of_lines_are_flat(lines: Path) -> None:
    save_array(lines / "pixels.npy", np.zeros((2, 12), np.uint8))
    with pytest.raises(InputError, match=r"pixels.npy: \(2, 12\) uint8, expected \(pixels,\) uint8"):
        SampleSet.open(lines)


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        (["a", "abc", ""], r"index.parquet: row 1: the text 'abc' has 'c' \(U\+0063\)"),
        (["a", None, "b"], "row 1: no text"),
    ],
)
def test_texts_outside_the_charset_are_refused(lines: Path, texts: list[str], named: str) -> None:
    save_table(lines / "index.parquet", lines_index(texts))
    with pytest.raises(InputError, match=named):
        SampleSet.open(lines)


@pytest.mark.parametrize(
    ("charset", "named"),
    [("abba", r"charset.json: a charset has 'a' \(U\+0061\), 'b' \(U\+0062\) more than once"), (7, "not a charset")],
)
def test_a_broken_charset_is_refused(lines: Path, charset: object, named: str) -> None:
    path = lines / "charset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"charset": charset}))
    with pytest.raises(InputError, match=named):
        SampleSet.open(lines)


def test_lines_of_one_bit_are_refused(lines: Path) -> None:
    path = lines / "charset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"image": {"height_px": 4, "width_px": 0, "bits": 1}}))
    with pytest.raises(InputError, match="images of any width have 8 bits"):
        SampleSet.open(lines)
