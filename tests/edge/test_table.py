"""The table keeps one entry per conversion, and its page only what stands between the markers."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.edge.table import BEGIN, END, EdgeEntry, edge_table, load_entries, save_entries, save_page


def entry(recognizer: str = "kanji", **changed: object) -> EdgeEntry:
    content: dict[str, object] = {
        "recognizer": recognizer, "target": "openvino", "precision": "int8", "status": "passed", "reason": "",
        "runtime": "openvino 1", "samples": 8, "agreement": 0.991, "right": 0.9, "released_right": 0.95, "mb": 2.0,
        "released_mb": 1.0, "ms": 1.234, "released_ms": 0.5,
    }  # fmt: skip
    return EdgeEntry.model_validate(content | changed)


def test_a_conversion_replaces_its_earlier_entry(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    save_entries(file, [entry(), entry("arabic")])
    merged = save_entries(file, [entry(samples=9)])
    assert [(each.recognizer, each.samples) for each in merged] == [("arabic", 8), ("kanji", 9)]
    assert load_entries(file) == merged


def test_a_row_shows_what_was_measured_and_dashes_for_the_rest() -> None:
    failed = entry(
        status="failed", reason="Error: a | b\n<c>", agreement=None, right=None, released_right=None, mb=None, ms=None
    )
    table = edge_table([entry(), failed])
    assert "| `kanji` | OpenVINO | int8 | passed | 8 | 99.1% | 90.0% | 95.0% | 2 | 1 | 1.23 | 0.5 |" in table
    assert "| not converted: no file | 8 | – | – | – | – | 1 | – | 0.5 |" in table
    assert r"- `kanji`, OpenVINO, int8: Error: a \| b &lt;c>" in table


def test_a_page_keeps_what_stands_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "table.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    save_page(page, [entry()])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Title\n") and text.endswith(f"{END}\nafter\n")
    assert "old" not in text and "`kanji`" in text


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_page_without_its_place_is_refused(tmp_path: Path, text: str) -> None:
    page = tmp_path / "table.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="markers"):
        save_page(page, [])
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", ['{"a": 1}', "3", '[{"recognizer": "x"}]'])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "table.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not a table of edge files"):
        load_entries(file)
