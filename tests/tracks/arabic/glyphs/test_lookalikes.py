import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.tracks.arabic.glyphs.lookalikes import merge_lookalikes


def merged(rows, share=0.8, min_fonts=3):
    """Rows of (label, font, shape)."""
    label, font, shape = np.array(rows, np.int64).T
    return merge_lookalikes(label, font, shape, share=share, min_fonts=min_fonts).tolist()


def pair(equal, different):
    """Labels 0 and 1 in so many fonts with equal and with different shapes."""
    fonts = equal + different
    first = [(0, font, 0) for font in range(fonts)]
    return first + [(1, font, 0 if font < equal else 1) for font in range(fonts)]


@pytest.mark.parametrize(
    ("equal", "different", "expected"),
    [(4, 1, [0, 0]), (3, 1, [0, 1]), (3, 0, [0, 0]), (2, 0, [0, 1]), (0, 5, [0, 1])],
)
def test_share_and_number_of_fonts_decide(equal, different, expected):
    assert merged(pair(equal, different)) == expected


def test_fonts_with_only_one_of_the_labels_do_not_count():
    assert merged([*pair(4, 0), *((0, font, 9) for font in range(10, 90))]) == [0, 0]


def test_equal_shapes_of_different_fonts_are_no_likeness():
    assert merged([(0, font, 5) for font in range(4)] + [(1, font + 4, 5) for font in range(4)]) == [0, 1]


def test_classes_are_connected_components_named_by_their_lowest():
    rows = [(label, font, 7) for font in range(3) for label in (4, 2)] + [
        (label, font + 3, 7) for font in range(3) for label in (2, 9)
    ]
    result = merged(rows)
    assert result[4] == result[2] == result[9] == 2 and result[3] == 3


def test_nothing_at_all():
    empty = np.empty(0, np.int64)
    assert merge_lookalikes(empty, empty, empty, share=0.8, min_fonts=3).tolist() == []


@settings(deadline=None, max_examples=60)
@given(
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 5)), min_size=1),
    st.lists(st.integers(0, 2), min_size=48, max_size=48),
    st.floats(0.1, 1),
)
def test_agrees_with_counting_pair_by_pair(places, shapes, share):
    rows = [(label, font, shapes[6 * label + font]) for label, font in sorted(places)]
    table = {(label, font): shape for label, font, shape in rows}
    count = max(label for label, _, _ in rows) + 1
    parent = list(range(count))

    def root(label):
        return label if parent[label] == label else root(parent[label])

    for first in range(count):
        for second in range(first + 1, count):
            both = [font for font in range(6) if (first, font) in table and (second, font) in table]
            equal = sum(table[first, font] == table[second, font] for font in both)
            if len(both) >= 2 and equal >= share * len(both):
                parent[max(root(first), root(second))] = min(root(first), root(second))
    assert merged(rows, share, 2) == [root(label) for label in range(count)]
