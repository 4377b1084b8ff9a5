"""Shares of a batch are equally large, distinct, and together the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import ParamsError
from glyphlens.core.share import ALL_ROWS, Share


@given(st.integers(0, 20), st.integers(1, 6))
def test_shares_are_together_the_whole(rows_each: int, world: int) -> None:
    batch = list(range(rows_each * world))
    shares = [batch[Share(rank, world).rows(len(batch))] for rank in range(world)]
    assert {len(share) for share in shares} == {rows_each}
    assert sorted(row for share in shares for row in share) == batch
    assert batch[ALL_ROWS.rows(len(batch))] == batch


def test_unequal_shares_are_refused() -> None:
    with pytest.raises(ParamsError, match="a batch of 6 cannot be shared by 4 processes"):
        Share(0, 4).rows(6)
