"""The chart of a sweep: every line is there, whatever values its parameters have."""

from pathlib import Path

import pytest

from glyphlens.evaluation.experiment_chart import Line, plot_experiments


def sweep(count: int, scores: list[float]) -> list[Line]:
    """Lines over a wide range of rates, a word and a text that is no number."""
    return [
        Line(f"exp-{place}", (f"{10.0**-place:g}", "cnn" if place % 2 else "[1, 2]"), scores[place])
        for place in range(count)
    ]


@pytest.mark.parametrize("count", [2, 8, 12])
def test_the_same_chart_has_the_same_bytes(tmp_path: Path, count: int) -> None:
    lines = sweep(count, [1 - place / 20 for place in range(count)])
    for name in ("a.png", "b.png"):
        plot_experiments(tmp_path / name, ["phase2.lr", "phase2.backbone"], lines, "arabic/phase2:val_top1")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    plot_experiments(tmp_path / "c.png", ["phase2.lr", "phase2.backbone"], lines[::-1], "arabic/phase2:val_loss")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()


def test_equal_scores_are_drawn_too(tmp_path: Path) -> None:
    plot_experiments(tmp_path / "a.png", ["phase2.lr", "phase2.backbone"], sweep(3, [0.5, 0.5, 0.5]), "top1")
    assert (tmp_path / "a.png").stat().st_size > 5000
