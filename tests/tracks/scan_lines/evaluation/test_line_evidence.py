import numpy as np
import pytest

from glyphlens.tracks.scan_lines.evaluation.line_evidence import line_evidence
from tests.tracks.scan_lines.forged_scans import CLASSES, LINES, NearestMean, templates_CLS


def scan_of(number):
    return templates_CLS()[number].astype(np.float32)


class OneLine:
    """Knows the class by line 6 alone."""

    def probabilities(self, lines_NLS):
        is_told_NL = ~np.isnan(lines_NLS[:, 5]).any(axis=1)[:, None] & (np.arange(LINES) >= 5)
        found_NLC = np.full((*is_told_NL.shape, CLASSES), 1 / CLASSES, np.float32)
        found_NLC[is_told_NL] = [0.97, 0.01, 0.01, 0.01]
        return found_NLC


def test_the_one_line_that_tells_has_all_evidence():
    evidence_TL = line_evidence(OneLine(), scan_of(0))
    expected = np.log(0.97 / 0.03) - np.log(0.25 / 0.75)
    assert evidence_TL.shape == (LINES, LINES) and not evidence_TL[:5].any()
    np.testing.assert_allclose(evidence_TL[5:, 5], expected, rtol=1e-5)
    assert np.count_nonzero(evidence_TL) == LINES - 5


def test_no_later_line_and_no_missing_line_speaks():
    lines_LS = scan_of(1)
    lines_LS[7] = np.nan
    evidence_TL = line_evidence(NearestMean(sharpness=0.02), lines_LS)
    assert not np.triu(evidence_TL, 1).any() and not evidence_TL[:, 7].any()
    assert (evidence_TL[-1, LINES // 4 : 7] > 0).all(), "the lines that are the class's own speak for it"
    assert np.abs(evidence_TL[-1, : LINES // 4]).max() < 0.1 * evidence_TL[-1].max(), "what all classes share does not"


def test_one_that_answers_once_has_one_row():
    assert line_evidence(NearestMean(once=True), scan_of(2)).shape == (1, LINES)
    assert line_evidence(OneLine(), scan_of(0)).max() == pytest.approx(4.57, abs=0.01)
