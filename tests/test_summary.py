"""The summary names every metrics file, in the order of the data flow, and README's block can be exchanged."""

from pathlib import Path

import pytest

from glyphlens.errors import InputError
from glyphlens.storage import save_json
from glyphlens.summary import BEGIN, END, block, headlines, main, metric_files, read_block, replace_block, summary


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    folder = tmp_path / "metrics"
    save_json(folder / "gates" / "glyphs.json", {"checks": 9, "failed": 0})
    save_json(folder / "arabic" / "evaluate.json", {"test_top1": 0.8123, "ece": 0.0211})
    save_json(folder / "arabic" / "glyphs.json", {"fonts": 123, "glyphs": 124924})
    return folder


def test_files_come_in_the_order_of_the_data_flow_and_gates_last(metrics: Path) -> None:
    assert [path.relative_to(metrics).as_posix() for path in metric_files(metrics)] == [
        "arabic/glyphs.json",
        "arabic/evaluate.json",
        "gates/glyphs.json",
    ]


def test_every_number_is_in_the_table(metrics: Path) -> None:
    table = summary(metrics)
    for reading in ("fonts **123**", "glyphs **124,924**", "test_top1 **0.8123**", "ece **0.0211**", "`gate glyphs`"):
        assert reading in table


def test_headlines_are_sentences_of_what_is_there(metrics: Path) -> None:
    assert (
        headlines(metrics) == "- **81.2%** of the glyphs of font families never seen are named right at the first guess"
    )
    assert headlines(metrics) in block(metrics)


def test_a_block_is_exchanged_and_read_back(metrics: Path) -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    changed = replace_block(text, block(metrics))
    assert changed.startswith("before\n")
    assert changed.endswith("\nafter\n")
    assert "old" not in changed
    assert read_block(changed) == block(metrics)


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_missing_markers_are_named(text: str) -> None:
    with pytest.raises(InputError, match="markers"):
        replace_block(text, "x")


def test_the_readme_is_rewritten_in_place(metrics: Path, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{BEGIN}\n{END}\nb\n", encoding="utf-8")
    main(["--metrics", str(metrics), "--readme", str(readme)])
    assert "124,924" in readme.read_text(encoding="utf-8")


def test_no_metrics_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make repro"):
        main(["--metrics", str(tmp_path)])
