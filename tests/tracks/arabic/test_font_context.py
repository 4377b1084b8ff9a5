"""The exported context network as a user opens it: probabilities in and out, and files that are refused."""

import numpy as np
import onnx
import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_file
from glyphlens.tracks.arabic.font_context import FACTS, MODEL, FontContext
from tests.tracks.arabic.forged_context import C, K, forged_network, forged_probabilities, save_forged_context


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    (folder / "glyphs.onnx").write_bytes(b"a recogniser")
    save_forged_context(folder / "context", folder / "glyphs.onnx", spread=0.3)
    return folder / "context"


@pytest.mark.parametrize("glyphs", [2, 3, 7, 50])
def test_the_file_says_what_the_network_says(folder, glyphs):
    p_GC = forged_probabilities(glyphs, seed=3)
    classes_GK = np.argsort(-p_GC, axis=1)[:, :K]
    log_p_GK = np.log(np.take_along_axis(p_GC, classes_GK, 1))
    with torch.inference_mode():
        shares_GK = forged_network()(torch.from_numpy(classes_GK), torch.from_numpy(log_p_GK)).softmax(1).numpy()
    found_GC = FontContext.load(folder).correct(p_GC)
    expected_GK = shares_GK * np.exp(log_p_GK).sum(1, keepdims=True)
    np.testing.assert_allclose(np.take_along_axis(found_GC, classes_GK, 1), expected_GK, atol=1e-5)
    np.testing.assert_allclose(found_GC.sum(1), 1, atol=1e-5)
    others_GC = np.ones((glyphs, C), bool)
    np.put_along_axis(others_GC, classes_GK, False, axis=1)
    assert (found_GC[others_GC] == p_GC[others_GC]).all() and found_GC.dtype == np.float32


@pytest.mark.parametrize("glyphs", [0, 1])
def test_a_glyph_without_another_stays_as_it_is(folder, glyphs):
    p_GC = forged_probabilities(glyphs)
    assert (FontContext.load(folder).correct(p_GC) == p_GC).all()


def test_another_number_of_classes_is_refused(folder):
    with pytest.raises(InputError, match=rf"probabilities \(4, {C - 1}\), expected \(G, {C}\)"):
        FontContext.load(folder).correct(forged_probabilities(4)[:, 1:])


def copied(folder, target):
    target.mkdir()
    for name in (MODEL, FACTS):
        (target / name).write_bytes((folder / name).read_bytes())
    return target


def test_a_changed_a_cut_off_and_a_missing_file_are_refused(folder, tmp_path):
    forged = copied(folder, tmp_path / "changed")
    model = onnx.load(forged / MODEL)
    model.producer_name = "somebody else"
    onnx.save(model, forged / MODEL)
    with pytest.raises(InputError, match="not the file that context.json beside it describes"):
        FontContext.load(forged)
    (forged / MODEL).write_bytes((folder / MODEL).read_bytes()[:500])
    with pytest.raises(InputError, match="not an ONNX model"):
        FontContext.load(forged)
    (forged / MODEL).unlink()
    with pytest.raises(InputError, match="no such model file"):
        FontContext.load(forged)


def test_facts_of_no_context_network_are_refused(folder, tmp_path):
    forged = copied(folder, tmp_path / "facts")
    facts = load_json(forged / FACTS)
    save_json(forged / FACTS, {**facts, "classes": C + 1})
    with pytest.raises(InputError, match=rf"expected probabilities float32 \(G, {C + 1}\)"):
        FontContext.load(forged)
    save_json(forged / FACTS, {"sha256": sha256_file(forged / MODEL)})
    with pytest.raises(InputError, match="not the facts of a context network"):
        FontContext.load(forged)
