"""gate_context: a forged file passes; each forgery fails the one check that is about it."""

from dataclasses import replace

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.arabic.export.context_graph import withdraw_context
from glyphlens.tracks.arabic.font_context import ANSWERS
from glyphlens.tracks.arabic.gates.context import GATE, ContextData, ContextLimits, ContextPaths
from tests.gates.forgeries import forgeries
from tests.tracks.arabic.forged_context import save_forged_context

LIMITS = ContextLimits(max_context_mib=1.0, max_loss=0.0, max_scored_gap=0.0005, max_mass_gap=1e-5)


@pytest.fixture
def paths(tmp_path):
    model = tmp_path / "export/int8/glyphs.int8.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"a recogniser")
    save_forged_context(tmp_path / "context", model)
    return ContextPaths(tmp_path / "context", tmp_path / "export")


@pytest.fixture
def good(paths):
    return ContextData.open(paths, LIMITS)


def test_a_good_file_passes(good, verdicts):
    assert verdicts(GATE, good, LIMITS) == {}
    assert GATE.count_rows(good) == 48 + 40


def test_a_file_that_is_not_offered_passes(paths, verdicts):
    withdraw_context(paths.context)
    data = ContextData.open(paths, LIMITS)
    assert verdicts(GATE, data, LIMITS) == {} and GATE.count_rows(data) == 0


def test_broken_answers_are_named(paths):
    (paths.context / ANSWERS).write_bytes(b"PK")
    with pytest.raises(InputError, match="answers.npz: not the answers"):
        ContextData.open(paths, LIMITS)


def of_another(data):
    data.recognizer.write_bytes(b"another recogniser")
    return data


def worse(data):
    """The file of another network, measured as it is: its corrections are random."""
    save_forged_context(data.folder, data.recognizer, spread=9.0)
    return ContextData.open(ContextPaths(data.folder, data.recognizer.parents[1]), LIMITS)


def misreported(data):
    scores = data.measured["validation"]
    return replace(data, measured={"validation": {**scores, "subset_top1": scores["subset_top1"] + 0.01}})


@forgeries(
    ("context-own", of_another),
    ("context-loss", worse),
    ("context-measured", misreported),
    ("context-size", lambda data: data, {"max_context_mib": 0.001}),
    ("context-mass", lambda data: data, {"max_mass_gap": 0.0}),
)
def test_each_fault_is_found(good, verdicts, check, forge, limits):
    assert set(verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))) == {check}
