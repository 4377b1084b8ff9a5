"""Charts of rules that stop nothing say so; an axis of nothing would say less."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from glyphlens.evaluation.charts import new_figure
from glyphlens.tracks.scan_lines.evaluation import comparison_chart, report

LINES, DRAWS, ALPHA = 12, 100, 0.01


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draw with one of the modules; returns the figure, and all that is written in it."""

    def draw(module, plot, *told):
        figures = []

        @contextmanager
        def kept(*settings):
            with new_figure(*settings) as figure:
                figures.append(figure)
                yield figure

        monkeypatch.setattr(module, "new_figure", kept)
        plot(tmp_path / "chart.png", *told)
        assert (tmp_path / "chart.png").stat().st_size > 5_000
        return figures[0], "\n".join(found.get_text() for found in figures[0].findobj(Text))

    return draw


def draws_of(stopping):
    """Draws of which the first so many stop, all of them after 8 lines and with a gap of .5 %."""
    table = pd.DataFrame({"exit_gap": [0.0] * DRAWS, "mean_lines": float(LINES), "first_line": LINES})
    table.loc[: stopping - 1, ["exit_gap", "mean_lines", "first_line"]] = [0.005, 8.0, 5]
    return table


def test_draws_that_never_stop_are_told_and_not_drawn(drawn):
    figure, text = drawn(report, report._plot_resplits, draws_of(0), ALPHA, LINES)
    assert text.count("never stops") == 2 and not any(axes.patches for axes in figure.axes)
    figure, text = drawn(report, report._plot_resplits, draws_of(3), ALPHA, LINES)
    left, right = figure.axes
    assert "97 of 100 draws never stop" in text and sum(bar.get_height() for bar in left.patches) == 3
    assert left.get_xlim()[0] >= 0 and left.get_xlim()[1] < 0.05, "shares, whatever their spread"
    assert sum(bar.get_height() for bar in right.patches) == 3
    _, text = drawn(report, report._plot_resplits, draws_of(DRAWS), ALPHA, LINES)
    assert "never" not in text


def lines_of(*stops):
    columns = dict.fromkeys(("top1", "shape_top1", "ece"), np.linspace(0, 1, len(stops)))
    return pd.DataFrame({"line": np.arange(1, len(stops) + 1), **columns, "stops": stops})


def test_a_comparison_names_recognisers_that_never_stop(drawn):
    tables = {"early": lines_of(0, 5, 3, 2), "inert": lines_of(0, 0, 0, 10), "bare": lines_of(0, 0, 0, 0)}
    figure, text = drawn(comparison_chart, comparison_chart.plot_comparison, tables)
    assert "inert: never stops" in text and "bare: no stopping rule" in text and "early: " not in text
    assert len(figure.axes[2].lines) == 1
    figure, text = drawn(comparison_chart, comparison_chart.plot_comparison, {"inert": tables["inert"]})
    assert "inert: never stops" in text and not figure.axes[2].lines
