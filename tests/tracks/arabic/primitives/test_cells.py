import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import pack_bits
from glyphlens.tracks.arabic.primitives.cells import cut_cells, pack_cells, unpack_cells

IMAGES = hnp.arrays(np.uint8, st.tuples(st.integers(0, 3), st.just(128), st.just(128)), elements=st.integers(0, 1))


@settings(deadline=None, max_examples=30)
@given(IMAGES)
def test_packing_and_unpacking_is_cutting(images_NHW):
    words_NRC = pack_cells(pack_bits(images_NHW))
    assert words_NRC.shape == (len(images_NHW), 16, 16) and words_NRC.dtype == np.uint64
    assert np.array_equal(unpack_cells(words_NRC), cut_cells(images_NHW))


@settings(deadline=None)
@given(hnp.arrays(np.uint64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)))
def test_unpacked_words_pack_to_themselves(words):
    bits = np.packbits(unpack_cells(words).reshape(*words.shape, 64), axis=-1)
    assert np.array_equal(np.ascontiguousarray(bits).view(">u8")[..., 0], words)


def test_most_significant_bit_is_top_left_and_the_next_row_follows_after_eight():
    image_NHW = np.zeros((1, 128, 128), np.uint8)
    image_NHW[0, 8, 120] = image_NHW[0, 9, 121] = 1
    words_NRC = pack_cells(pack_bits(image_NHW))
    assert words_NRC[0, 1, 15] == (1 << 63) | (1 << (63 - 9))
    assert np.count_nonzero(words_NRC) == 1


def test_cells_are_row_major():
    images_NHW = np.arange(128 * 128, dtype=np.int32).reshape(1, 128, 128)
    assert cut_cells(images_NHW)[0, 2, 3, 4, 5] == (2 * 8 + 4) * 128 + 3 * 8 + 5


@pytest.mark.parametrize(
    "images", [np.zeros((2, 128, 16), np.int64), np.zeros((128, 16), np.uint8), np.zeros((2, 100, 16), np.uint8)]
)
def test_packing_refuses_what_is_no_packed_image(images):
    with pytest.raises(InputError, match="expected uint8"):
        pack_cells(images)


def test_unpacking_refuses_other_types():
    with pytest.raises(InputError, match="int64, expected uint64"):
        unpack_cells(np.zeros(3, np.int64))


def test_cutting_refuses_broken_cells():
    with pytest.raises(InputError, match=r"\(1, 128, 100\)"):
        cut_cells(np.zeros((1, 128, 100)))
