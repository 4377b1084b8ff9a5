"""What hubs are told of a recogniser goes by what its scans are."""

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.storage import load_table, save_table
from glyphlens.evaluation.release_card import hub_head
from glyphlens.inference.stopping import Promise, StoppingRule
from glyphlens.tracks.scan_lines.evaluation.line_scores import stopped
from glyphlens.tracks.scan_lines.evaluation.release import scan_release_facts
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from glyphlens.tracks.scan_lines.stopping.answers import line_answers
from tests.tracks.scan_lines.forged_scans import LINES, NearestMean, write_scans

RULE = StoppingRule(
    np.append(np.full(LINES - 1, np.inf), 0.0), Promise(alpha=0.1, delta=0.1, largest_group_gap=0.2, groups=9)
)


@pytest.mark.parametrize(
    ("source", "is_japanese", "is_licensed"), [("rendered", True, True), ("glyph", False, True), ("scan", False, False)]
)
def test_scans_of_the_users_own_are_neither_japanese_nor_under_our_licence(tmp_path, source, is_japanese, is_licensed):
    write_scans(tmp_path, {"test": range(3)}, scans=5)
    table: pd.DataFrame = load_table(tmp_path / "index.parquet")
    save_table(tmp_path / "index.parquet", table.assign(source=source))
    scans = ScanSet.open(tmp_path)
    answers = line_answers(NearestMean(), scans, scans.samples.rows("test"))
    head = hub_head(scan_release_facts(answers, stopped(answers, RULE), scans.samples))
    assert ("- japanese\n" in head) is ("- ja\n" in head) is is_japanese
    assert ("license: mit\n" in head) is is_licensed and "- early-exit\n" in head
