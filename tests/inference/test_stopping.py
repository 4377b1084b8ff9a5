import json

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file
from glyphlens.inference.stopping import Promise, StoppingRule

PROMISE = Promise(alpha=0.01, delta=0.05, largest_group_gap=0.05, groups=20)


def rule(*thresholds, promise=PROMISE):
    return StoppingRule(np.array(thresholds, float), promise)


def test_it_stops_at_the_first_line_whose_threshold_is_reached():
    probabilities_NLC = np.zeros((3, 4, 2), np.float32)
    probabilities_NLC[0, :, 1] = 0.5, 0.9, 0.4, 0.9
    probabilities_NLC[1, :, 0] = 0.9, 0.5, 0.79, 0.1
    probabilities_NLC[2, :, 0] = 0.9, 0.9, 0.9, 0.9
    own = rule(np.inf, 0.8, 0.79, 0.0)
    assert own.stops(probabilities_NLC.max(axis=2)).tolist() == [2, 3, 2]
    assert own.first_line == 2
    for scan_LC, line in zip(probabilities_NLC, (2, 3, 2), strict=True):
        reached = [own.is_reached(number, confidence) for number, confidence in enumerate(scan_LC.max(axis=1), start=1)]
        assert reached.index(True) + 1 == line, "one line at a time is the same rule"


def test_where_no_line_is_open_all_are_read():
    own = rule(np.inf, np.inf, 0.0)
    assert own.stops(np.ones((2, 3), np.float32)).tolist() == [3, 3]
    assert own.first_line == own.lines == 3


def test_a_saved_rule_is_the_same_and_belongs_to_one_model(tmp_path):
    model, other = tmp_path / "int8.onnx", tmp_path / "other.onnx"
    model.write_bytes(b"a")
    other.write_bytes(b"b")
    path = tmp_path / "stopping.json"
    saved = rule(np.inf, 0.9, 0.0, promise=PROMISE.model_copy(update={"model": sha256_file(model)}))
    saved.save(path)
    loaded = StoppingRule.load(path, model)
    assert loaded.threshold_L.tolist() == [np.inf, 0.9, 0.0] and loaded.promise == saved.promise
    with pytest.raises(InputError, match="calibrated for another file"):
        StoppingRule.load(path, other)


@pytest.mark.parametrize(
    "change",
    [{"thresholds": [0.5, 1.5]}, {"thresholds": []}, {"thresholds": "x"}, {"promise": {"alpha": 0.1}}, {"promise": 3}],
)
def test_what_is_no_rule_is_refused_with_its_file(tmp_path, change):
    path = tmp_path / "stopping.json"
    rule(0.5, 0.0).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=r"stopping\.json: not a stopping rule"):
        StoppingRule.load(path)
