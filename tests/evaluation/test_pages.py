"""Numbers, labels and sections as pages show them."""

from glyphlens.evaluation.pages import NARROW, breakable, flat, number, percent


def test_numbers_read_well() -> None:
    assert percent(0.8034) == f"80.3{NARROW}%"
    assert percent(float("nan")) == percent(None) == number(None) == number(float("nan")) == "n/a"
    assert number(124_924) == f"124{NARROW}924"
    assert number(0.5, 2) == "0.50"
    assert number("text") == "text"
    assert breakable("a_b.init") == "a_<wbr>b<wbr>.init"
    assert breakable("<i>_b") == "&lt;i&gt;_<wbr>b"
    assert flat({"a": {"b": [1, 2]}, "c": None}) == [("a.b", "[1, 2]"), ("c", "null")]
    assert flat(42) == [("value", "42")]
