import json

import numpy as np
import pandas as pd
import pytest

from glyphlens.commands.output import as_text, check_writable, output_format, save_answers
from glyphlens.core.errors import InputError, OutputError

TABLE = pd.DataFrame(
    {
        "font": ["a.ttf", "a.ttf"],
        "gid": [1, 2],
        "label": ["beh.init", ""],
        "code_points": ["U+0628", ""],
        "form": ["init", ""],
        "same_shape": ["dotless_beh.init U+066E | other", ""],
        "confidence": [0.9, np.nan],
        "label_2": ["teh.init", ""],
        "code_points_2": ["U+062A", ""],
        "confidence_2": [0.05, np.nan],
        "fault": ["", "no outline"],
    }
)


def test_csv_has_one_line_a_glyph():
    lines = as_text(TABLE, "csv").splitlines()
    assert lines[0] == "font,gid,label,code_points,form,same_shape,confidence,label_2,code_points_2,confidence_2,fault"
    assert lines[1:] == [
        "a.ttf,1,beh.init,U+0628,init,dotless_beh.init U+066E | other,0.9,teh.init,U+062A,0.05,",
        "a.ttf,2,,,,,,,,,no outline",
    ]


def test_json_nests_the_answers_and_has_null_for_none():
    first, second = json.loads(as_text(TABLE, "json"))
    assert first["top"] == [
        {"label": "beh.init", "code_points": "U+0628", "confidence": 0.9},
        {"label": "teh.init", "code_points": "U+062A", "confidence": 0.05},
    ]
    assert first["same_shape"] == [
        {"label": "dotless_beh.init", "code_points": "U+066E"},
        {"label": "other", "code_points": None},
    ]
    assert first["gid"] == 1 and first["fault"] is None and "label_2" not in first and "code_points_2" not in first
    assert second["label"] is None and second["confidence"] is None and second["top"] == []


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_files_hold_the_same_table(tmp_path, suffix):
    path = tmp_path / f"answers.{suffix}"
    save_answers(path, TABLE, output_format(path, None))
    if suffix == "parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(path), TABLE, check_dtype=False)
    else:
        assert path.read_text(encoding="utf-8") == as_text(TABLE, suffix)
    assert list(tmp_path.iterdir()) == [path]


def test_the_format_comes_from_the_option_then_the_suffix(tmp_path):
    assert output_format(None, None) == "table" and output_format(None, "csv") == "csv"
    assert output_format(tmp_path / "x.JSON", None) == "json" and output_format(tmp_path / "x.txt", "csv") == "csv"


@pytest.mark.parametrize(("name", "chosen"), [("x.txt", None), ("x", None), ("x.csv", "table"), (None, "parquet")])
def test_a_format_that_does_not_fit_is_refused(tmp_path, name, chosen):
    with pytest.raises(InputError, match="format"):
        output_format(tmp_path / name if name else None, chosen)


def test_places_that_cannot_be_written_are_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "x.csv", tmp_path):
        with pytest.raises(OutputError, match="cannot be written"):
            check_writable(path)
    check_writable(tmp_path / "new" / "x.csv")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"x\.csv: cannot be written"):
        save_answers(tmp_path / "file" / "x.csv", TABLE, "csv")
