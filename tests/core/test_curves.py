"""Learning curves come back as they were logged; anything else is named with file and line."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.curves import read_curves
from glyphlens.core.errors import InputError
from glyphlens.tracking.curve_files import CurveFiles
from tests.forged_curves import CURVES, write_curves

Points = dict[str, list[tuple[int, float]]]
points = st.lists(st.tuples(st.integers(0, 10**9), st.floats(-1e9, 1e9)), min_size=1, unique_by=lambda point: point[0])


def test_rows_are_sorted_by_name_then_step(tmp_path: Path) -> None:
    table = read_curves(write_curves(tmp_path, {"val_top1": [(20, 0.5)], "train_loss": [(9, 3.0), (10, 2), (2, 4)]}))
    assert list(table.itertuples(index=False, name=None)) == [
        (2, "train_loss", 4.0),
        (9, "train_loss", 3.0),
        (10, "train_loss", 2.0),
        (20, "val_top1", 0.5),
    ]
    assert (table["step"].dtype.kind, table["value"].dtype.kind) == ("i", "f")


@given(curves=st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), points, min_size=1, max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, curves: Points) -> None:
    table = read_curves(write_curves(tmp_path_factory.mktemp("curves"), curves))
    expected = sorted((name, step, value) for name, rows in curves.items() for step, value in rows)
    assert list(table[["name", "step", "value"]].itertuples(index=False, name=None)) == expected


def test_a_training_leaves_what_the_forgery_leaves(tmp_path: Path) -> None:
    """The other tests rest on it."""
    files = CurveFiles(tmp_path / "true")
    files.open((step, name, value) for name, rows in CURVES.items() for step, value in rows)
    files.close()
    forged = {path.name: path.read_bytes() for path in write_curves(tmp_path / "forged").rglob("*.tsv")}
    assert {path.name: path.read_bytes() for path in (tmp_path / "true").rglob("*.tsv")} == forged
    assert read_curves(tmp_path / "true").equals(read_curves(tmp_path / "forged"))


def test_values_that_are_not_finite_stay(tmp_path: Path) -> None:
    nan, infinite = read_curves(write_curves(tmp_path, {"val_loss": [(1, math.nan), (2, math.inf)]}))["value"]
    assert math.isnan(nan)
    assert infinite == math.inf


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: '' instead of the columns 'step' and 'val_loss'"),
        ("step\tval_top1\n1\t2\n", "line 1: .*val_top1.* instead of"),
        ("step,val_loss\n1,2\n", "line 1: 'step,val_loss' instead of"),
        ("step\tval_loss\n", "line 2: missing, no value was logged"),
        ("step\tval_loss\n1\t2\n2\tlow\n", "line 3: .*low' is not a step and a number"),
        ("step\tval_loss\n1.5\t2\n", "line 2: "),
        ("step\tval_loss\n1\n", "line 2: '1' is not"),
        ("step\tval_loss\n1\t2\t3\n", "line 2: "),
        ("step\tval_loss\n1\t\n", "line 2: "),
    ],
)
def test_what_is_no_curve_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (write_curves(tmp_path) / "plots/metrics/val_loss.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"val_loss.tsv: {message}"):
        read_curves(tmp_path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (write_curves(tmp_path) / "plots/metrics/val_loss.tsv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="val_loss.tsv: not a readable table"):
        read_curves(tmp_path)


@pytest.mark.parametrize("folder", ["", "gone"])
def test_a_folder_without_curves_is_named(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError, match="no learning curves there, expected plots/metrics"):
        read_curves(tmp_path / folder)
