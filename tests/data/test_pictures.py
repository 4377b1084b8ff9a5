"""Pictures of several parts written as one array, chunk by chunk, and the hashes of them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array
from glyphlens.data import pictures
from glyphlens.data.pictures import save_pictures


@given(picked=st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(0, 8))), min_size=1, max_size=3))
def test_rows_of_all_parts_follow_each_other(
    picked: list[tuple[int, set[int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pictures") / "pixels.npy"
    rng = np.random.default_rng(0)
    parts = [
        (
            rng.integers(0, 256, (count, 4, 4), np.uint8),
            np.array(sorted(each for each in rows if each < count), np.int64),
        )
        for count, rows in picked
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "CHUNK", 4)
        hashes = save_pictures(path, parts, 4)
    expected = np.concatenate([images[rows] for images, rows in parts])
    assert np.array_equal(load_array(path), expected)
    assert hashes == [hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in expected]
    path.unlink()


def test_a_failed_part_leaves_no_file(tmp_path: Path) -> None:
    class Broken:
        def __len__(self) -> int:
            return 2

        def __getitem__(self, rows: slice) -> np.ndarray:
            raise InputError("gone")

    with pytest.raises(InputError, match="gone"):
        save_pictures(tmp_path / "pixels.npy", [(Broken(), np.array([0, 1]))], 4)
    assert not any(tmp_path.iterdir())
