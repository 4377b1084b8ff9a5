"""What the card says of gain and offset is what happens to them: in the reading, and in the network."""

import numpy as np
import pytest
import torch

from glyphlens.inference.folder import Manifest
from glyphlens.tracks.scan_lines.export.card import ScanFacts, scan_card
from glyphlens.tracks.scan_lines.samples.resampling import resampled_scan
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from tests.tracks.scan_lines.scan_networks import LINES, SAMPLES, tiny, write_scan_set

STRONG, TIMES = 5, 10


def card(tmp_path, name, preparation=None):
    scans = ScanSet.open(write_scan_set(tmp_path / "scans"))
    measured = {kind: {"mb": 1, "val_top1": 1, "val_top1_all": 1, "agreement": 1} for kind in ("fp32", "int8")}
    manifest = Manifest(classes=scans.samples.classes, preparation=preparation or {})
    training = {"steps": 1, "steps_before": 0, "device": "cpu", "threads": 1}
    values = (name, tiny(name), scans, manifest, {"val_rows": 1, **measured}, training, {"samples": "0"})
    return scan_card(ScanFacts(*values))


@pytest.mark.parametrize("name", ["sequential", "lrcn"])
def test_what_changes_the_answers(tmp_path, name):
    """Gain and offset of a whole scan change nothing; of one line its gain does, where lines are compared."""
    text, model = card(tmp_path, name), tiny(name).eval()
    scan_HW = np.random.default_rng(0).normal(size=(LINES, SAMPLES))

    def answers(values_HW):
        with torch.no_grad():
            return model(torch.from_numpy(resampled_scan(values_HW, LINES, SAMPLES).values())[None])[0].numpy()

    strong_HW, raised_HW = scan_HW.copy(), scan_HW.copy()
    strong_HW[STRONG] *= TIMES
    raised_HW[STRONG] += TIMES
    for same_HW in (1000 * scan_HW, scan_HW + 7, raised_HW):
        np.testing.assert_allclose(answers(same_HW), answers(scan_HW), atol=1e-4)
    is_compared = bool(np.abs(answers(strong_HW) - answers(scan_HW))[STRONG + 1 :].max() > 1e-3)
    assert is_compared is (name == "sequential")
    assert ("compares the contrast of each line" in text) is is_compared
    assert ("nor do those of single lines" in text) is not is_compared
    assert "gain and offset of the whole scan do not matter" in text


def test_a_strong_line_takes_no_step_from_others_but_in_a_picture_that_has_8_bits_as_a_whole(tmp_path):
    scan_HW = np.random.default_rng(0).normal(size=(LINES, SAMPLES))
    strong_HW, others = scan_HW.copy(), np.arange(LINES) != STRONG
    strong_HW[STRONG] *= TIMES
    kept, before = (resampled_scan(each, LINES, SAMPLES).levels_LS[others] for each in (strong_HW, scan_HW))
    assert (kept == before).all()
    assert "Of a file each line is stored in 8 bits of its own" in card(tmp_path, "sequential")
    assert "changes the steps of the others" in card(tmp_path, "sequential", {"image_px": 32})
