import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array, save_table
from glyphlens.data.sample_set import (
    CharacterClass,
    ImageFormat,
    SampleSet,
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
