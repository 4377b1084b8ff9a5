"""The summary names every metrics file, in the order of the data flow, and README's block can be exchanged."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json
from glyphlens.export.energy import EnergyParams
from glyphlens.summary import (
    BEGIN,
    BLOCKS,
    END,
    headlines,
    main,
    metric_files,
    next_steps,
    recognizer_rows,
    recognizers,
    replace_blocks,
    summary,
    timing_rows,
)
from glyphlens.tracks import tracks

TIMED = {
    "evaluate": {"commit": None, "machine": {"cpu": "Z80"}},
    "kanji@cnn": {"machine": {"cpu": "Z80"}, "seconds": 90.0},
    "kanji_export@cnn": {"machine": {"cpu": "Z80"}, "latency_ms": {"int8": {"1": 0.5, "64": 0.25}}},
}


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


def test_curves_times_and_ablations_are_no_metrics_of_a_stage(metrics: Path) -> None:
    before = summary(metrics)
    save_json(metrics / "arabic/phase2/curves.json", {"val_top1": 0.5})
    save_json(metrics / "timings.json", TIMED)
    save_json(metrics / "ablations/arabic.json", {"variants": {}})
    assert summary(metrics) == before


def test_what_was_timed_is_shown_with_an_estimate_of_its_energy(metrics: Path) -> None:
    energy = EnergyParams(power_watts=60.0, grid_co2_g_per_kwh=400.0)
    assert timing_rows(metrics / "timings.json", energy) == []
    save_json(metrics / "timings.json", TIMED)
    assert timing_rows(metrics / "timings.json", energy) == [
        ["timed", "took", "on"],
        ["kanji@cnn", "90 s, 1.5 Wh and 0.6 g of CO2 (estimate)", "Z80"],
        ["kanji_export@cnn int8", "ms a sample: 0.500 in 1, 0.250 in 64", "Z80"],
    ]


def test_headlines_are_sentences_of_what_is_there(metrics: Path) -> None:
    assert (
        headlines(metrics) == "- **81.2%** of the glyphs of font families never seen are named right at the first guess"
    )


def test_a_block_is_exchanged_and_read_back(metrics: Path) -> None:
    text = "before\n" + "\n".join(f"{BEGIN.format(name)}\nold\n{END.format(name)}" for name in BLOCKS) + "\nafter\n"
    changed = replace_blocks(text, metrics)
    assert changed.startswith("before\n")
    assert changed.endswith("\nafter\n")
    assert "old" not in changed
    assert headlines(metrics) in changed and summary(metrics) in changed
    assert replace_blocks(changed, metrics) == changed


@pytest.mark.parametrize("pattern", ["", "{0}", "{1}", "{1}{0}", "{0}{0}{1}"])
def test_missing_markers_are_named(pattern: str, metrics: Path) -> None:
    text = pattern.format(BEGIN.format("metrics"), END.format("metrics"))
    with pytest.raises(InputError, match="markers"):
        replace_blocks(text, metrics)


def test_documents_are_rewritten_in_place(metrics: Path, tmp_path: Path) -> None:
    documents = {"headlines": tmp_path / "README.md", "metrics": tmp_path / "results.md"}
    for name, document in documents.items():
        document.write_text(f"a\n{BEGIN.format(name)}\n{END.format(name)}\nb\n", encoding="utf-8")
    main(["--metrics", str(metrics), *map(str, documents.values())])
    assert "81.2%" in documents["headlines"].read_text(encoding="utf-8")
    assert "124,924" in documents["metrics"].read_text(encoding="utf-8")


def test_no_metrics_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make repro"):
        main(["--metrics", str(tmp_path)])


@pytest.fixture
def both_tracks(metrics: Path) -> Path:
    """The kanji track beside the Arabic one, with a recogniser that was skipped."""
    save_json(
        metrics / "kanji/samples.json", {"samples": 24000, "classes": 300, "groups": 90, "rendered_samples": 24000}
    )
    save_json(metrics / "kanji/evaluate.json", {"best_top1": 0.9731, "worst_group_top1": 0.91})
    scores = {"test_shape_top1": 0.99, "macro_f1": 0.97, "ece": 0.0123, "int8_top1": 0.972, "int8_mb": 1.5}
    save_json(metrics / "kanji/cnn.json", {"test_top1": 0.965} | scores)
    save_json(metrics / "kanji/hiercode.json", {"test_top1": 0.9731} | scores)
    save_json(metrics / "kanji/stroke_rnn.json", {"test_rows": 0})
    save_json(metrics / "gates/kanji_samples.json", {"checks": 40, "failed": 0})
    return metrics


def test_recognisers_stand_in_a_table_of_their_own_the_best_first(both_tracks: Path) -> None:
    rows = recognizer_rows(both_tracks)
    assert [row[0] for row in rows] == ["recogniser", "`hiercode`", "`cnn`", "`stroke_rnn`"]
    assert rows[1][1:] == ["97.3%", "99.0%", "0.97", "0.0123", "97.2%", "1.5"]
    assert set(rows[3][1:]) == {"–"}
    table = summary(both_tracks)
    assert "| `kanji samples` | samples **24,000**" in table and "`gate kanji_samples`" in table
    assert "test_rows" not in table and "| `hiercode` | 97.3% | 99.0% |" in recognizers(both_tracks)


def test_tracks_follow_each_other_and_gates_come_last(both_tracks: Path) -> None:
    names = [path.relative_to(both_tracks).as_posix() for path in metric_files(both_tracks)]
    assert names[:3] == ["arabic/glyphs.json", "arabic/evaluate.json", "kanji/samples.json"]
    assert names[-2:] == ["gates/glyphs.json", "gates/kanji_samples.json"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"etl_samples": 0, "rendered_samples": 9}, "no real handwriting"),
        ({"etl_samples": 9, "rendered_samples": 0}, "ETL database"),
        ({}, "of the Japanese characters"),
    ],
)
def test_the_kanji_headline_says_what_was_read(both_tracks: Path, facts: dict[str, int], said: str) -> None:
    save_json(both_tracks / "kanji/samples.json", facts)
    told = [line for line in headlines(both_tracks).splitlines() if "97.3%" in line]
    assert len(told) == 1 and said in told[0]


def test_the_terminal_shows_both_tracks(both_tracks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--metrics", str(both_tracks)])
    out = capsys.readouterr().out
    assert "124,924" in out and "kanji samples" in out and "int8 MB" in out
    shown, _, after = out.partition("How to go on")
    assert [line.split()[0] for line in shown.split("\n\n")[-2].splitlines()[-3:]] == ["hiercode", "cnn", "stroke_rnn"]
    assert all(f"make repro TRACK={name}" in after for name in (*tracks(), "all"))


def test_the_arabic_track_alone_has_no_table_of_recognisers(metrics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recognizer_rows(metrics) == [] and "recogniser" not in summary(metrics)
    main(["--metrics", str(metrics)])
    assert "124,924" in capsys.readouterr().out


def test_a_command_and_its_purpose_stand_apart() -> None:
    for line in next_steps().splitlines():
        command, _, purpose = line.strip().partition("  ")
        assert command and purpose.strip(), line
