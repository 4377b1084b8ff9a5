"""Which rows a check looks at."""

import numpy as np

from glyphlens.gates.check import drawn_rows, spread_rows

WRITERS, CLASSES, HARD = 14, 357, 7


def test_drawn_rows_meet_what_comes_round_in_turn_in_its_share() -> None:
    class_N = np.arange(WRITERS * CLASSES) % CLASSES
    is_hard = np.isin(class_N, np.unique(class_N[spread_rows(len(class_N), 400)])[:HARD])
    shares = [is_hard[rows(len(is_hard), 400)].mean() for rows in (drawn_rows, spread_rows)]
    assert abs(shares[0] - is_hard.mean()) < 0.01 < abs(shares[1] - is_hard.mean())


def test_drawn_rows_are_the_same_ones_once_each_and_all_where_there_are_few() -> None:
    rows = drawn_rows(1000, 100)
    assert len(np.unique(rows)) == 100 and (np.diff(rows) > 0).all() and (rows == drawn_rows(1000, 100)).all()
    assert drawn_rows(5, 100).tolist() == [0, 1, 2, 3, 4]
