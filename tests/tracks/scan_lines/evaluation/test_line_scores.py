import numpy as np
import pytest

from glyphlens.inference.stopping import Promise, StoppingRule
from glyphlens.tracks.scan_lines.evaluation.baseline import baseline_top1, line_histograms
from glyphlens.tracks.scan_lines.evaluation.line_scores import (
    class_scores,
    line_ece,
    line_headline,
    line_shape_top1,
    line_top1,
    resplits,
    stopped,
)
from glyphlens.tracks.scan_lines.stopping.answers import MARKS, LineAnswers, line_answers
from glyphlens.tracks.scan_lines.stopping.calibration import StoppingParams
from tests.tracks.scan_lines.forged_scans import LINES, NearestMean, write_scans

PROMISE = Promise(alpha=0.1, delta=0.1, largest_group_gap=1.0, groups=2)
# Four scans of two groups and three lines: right from line 1, right at the last only, wrong, right and then wrong.
ANSWERS = LineAnswers(
    np.array([[1, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 0]]),
    np.array([[0.9, 0.9, 0.9], [0.9, 0.9, 0.9], [0.1, 0.1, 0.9], [0.2, 0.9, 0.9]], np.float32),
    np.ones(4, np.int64),
    np.array(["a", "a", "b", "b"]),
)
RULE = StoppingRule(np.array([0.5, 0.5, 0.0]), PROMISE)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    return write_scans(tmp_path_factory.mktemp("scans"), {"train": range(20), "test": range(10)})


def test_what_stopping_costs_by_line_and_over_all():
    found = stopped(ANSWERS, RULE)
    assert found.line_N.tolist() == [1, 1, 3, 2]
    assert found.gap_L.tolist() == [0.5, 0.5, 0.25], "group a lost one of two; b counts from two stops on"
    assert found.exit_gap == 0.5 and found.marginal_gap == 0.5 - 0.5
    shut = stopped(ANSWERS, StoppingRule(np.array([np.inf, np.inf, 0.0]), PROMISE))
    assert shut.exit_gap == 0 and shut.line_N.tolist() == [3] * 4


def test_classes_are_scored_where_they_stopped():
    table = class_scores(ANSWERS, stopped(ANSWERS, RULE), np.array(["x", "y"], object))
    assert table.to_dict("records") == [
        {"label": "y", "scans": 4, "top1": 0.5, "full_top1": 0.5, "mean_lines": 7 / 4},
    ]


def test_a_recogniser_that_answers_once_is_shown_the_first_lines_alone(scans):
    rows = scans.samples.rows("test")
    every, once = (line_answers(NearestMean(once=is_once), scans, rows) for is_once in (False, True))
    assert every.predicted_NL.shape == once.predicted_NL.shape == (len(rows), LINES)
    assert line_top1(every) == line_top1(once), "nothing of later lines is in an answer"
    assert (once.predicted_NL[:, : LINES // 4 - 1] == -1).all()
    assert line_top1(every)[0.25] < 0.5 < 0.95 < line_top1(every)[1.0]


def test_look_alikes_count_as_one_where_asked():
    answers = ANSWERS._replace(predicted_NL=np.array([[-1, 2, 2], [-1, 1, 2], [-1, 0, 0], [-1, 2, 1]]))
    assert line_top1(answers)[1.0] == 1 / 4
    found = line_shape_top1(answers, np.array([0, 1, 1]))
    assert (found[0.25], found[0.5], found[1.0]) == (0, 3 / 4, 3 / 4), "no answer yet is no look-alike"
    assert line_shape_top1(answers, np.arange(3)) == line_top1(answers)


def test_saved_answers_are_the_same(scans, tmp_path):
    answers = line_answers(NearestMean(), scans, scans.samples.rows("test"))
    answers.save(tmp_path)
    assert all(map(np.array_equal, LineAnswers.load(tmp_path), answers))


def test_the_headline_is_of_the_file_that_is_used(scans):
    answers = line_answers(NearestMean(), scans, scans.samples.rows("test"))
    wrong = answers._replace(predicted_NL=answers.predicted_NL * 0 - 1)
    rule = StoppingRule(np.r_[np.full(LINES - 1, 0.999), 0.0], PROMISE)
    numbers = line_headline(wrong, answers, rule, 10)
    assert numbers["top1"] == 0 and numbers["int8_top1"] == line_top1(answers)[1.0]
    assert numbers["top1_at_half"] == answers.right_NL[:, LINES // 2 - 1].mean()
    assert LINES / 4 < numbers["mean_lines"] < LINES
    assert numbers["ece"] == max(line_ece(answers, 10).values())


def test_resplits_keep_groups_whole_and_repeat_themselves(scans):
    answers = line_answers(NearestMean(), scans, scans.samples.rows("test"))
    params = StoppingParams(alpha=0.1, delta=0.1, largest_group_gap=0.5, proposed_gap=0.05)
    proposed_L = np.r_[np.full(LINES // 4, np.inf), np.full(LINES - LINES // 4 - 1, 0.99), 0.0]
    first, again = (resplits(answers, proposed_L, params, 8, 5, seed=3) for _ in range(2))
    assert first.equals(again) and len(first) == 5
    assert (first["exit_gap"] <= 0.1).all() and (first["mean_lines"] <= LINES).all()


def test_the_baseline_learns_more_from_more_lines(scans):
    found = baseline_top1(scans)
    assert list(found) == list(MARKS)
    assert found[0.25] < 0.5 < 0.8 < found[1.0]


def test_histograms_are_of_the_lines_seen():
    lines_NLS = np.random.default_rng(0).random((2, 16, 16)).astype(np.float32)
    whole, half = line_histograms(lines_NLS, 16), line_histograms(lines_NLS[:, :8], 16)
    assert whole.shape == (2, 8 * 8 * 8) and half.shape == (2, 4 * 8 * 8)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, rtol=1e-6)
    assert not line_histograms(np.full((1, 16, 16), np.nan, np.float32), 16).any()
    upright = np.tile(np.arange(16, dtype=np.float32) % 4 * 10, (1, 16, 1))
    directions = (line_histograms(upright, 16).reshape(8, -1) ** 2).sum(axis=1)
    assert directions[0] == pytest.approx(1), "edges across the lines have one direction"
