"""A table of prototypes is read back as it was written, belongs to one model, and answers row by row."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.prototypes import Prototypes, prototypes_file
from glyphlens.inference.recognizer import Recognizer, softmax
from tests.changed_bytes import with_changed_bytes
from tests.checkout import ROOT
from tests.inference.prototype_models import (
    LABELS,
    NUMBERS,
    SIDE,
    embedding_model,
    pictures,
    prototypes,
    write_prototype_model,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_prototype_model(tmp_path)


def same(first: Prototypes, second: Prototypes) -> bool:
    return (
        first.labels == second.labels
        and first.scale == second.scale
        and np.array_equal(first.vectors_CE, second.vectors_CE)
        and np.array_equal(first.bias_C, second.bias_C)
    )


def test_what_is_read_back_is_the_rounded_table(model: Path) -> None:
    table = prototypes()
    found = Prototypes.load(model)
    assert same(found, table.rounded()) and found.vectors_CE.dtype == found.bias_C.dtype == np.float32
    steps_C = np.abs(table.vectors_CE).max(axis=1) / 127
    assert (np.abs(found.vectors_CE - table.vectors_CE).max(axis=1) <= 0.501 * steps_C).all()
    found.save(model)
    assert same(Prototypes.load(model), found)  # rounding again changes nothing


def test_a_scale_that_float32_has_not_is_rounded_too(model: Path) -> None:
    table = replace(prototypes(), scale=14.2857)
    table.save(model)
    assert same(Prototypes.load(model), table.rounded())


def test_a_changed_byte_changes_nothing_or_is_refused(model: Path) -> None:
    expected = Prototypes.load(model)
    for place in with_changed_bytes(prototypes_file(model), 3):
        try:
            found = Prototypes.load(model)
        except InputError:
            continue
        assert same(found, expected), place


def test_the_same_table_is_the_same_bytes(model: Path) -> None:
    before = prototypes_file(model).read_bytes()
    prototypes().save(model)
    assert prototypes_file(model).read_bytes() == before


def test_the_table_of_another_model_is_refused(model: Path) -> None:
    model.write_bytes(embedding_model(offset=2.0))
    with pytest.raises(InputError, match=r"fp32\.prototypes\.npz: made with another model than fp32\.onnx"):
        Prototypes.load(model)


def test_a_missing_table_is_named(model: Path) -> None:
    prototypes_file(model).unlink()
    with pytest.raises(InputError, match=r"fp32\.prototypes\.npz: missing"):
        Recognizer.load(model)


@pytest.mark.parametrize("keep", [0, 10, -40])
def test_a_broken_table_is_named(model: Path, keep: int) -> None:
    content = prototypes_file(model).read_bytes()
    prototypes_file(model).write_bytes(content[:keep])
    with pytest.raises(InputError, match=r"fp32\.prototypes\.npz: not a table of prototypes"):
        Prototypes.load(model)


@pytest.mark.parametrize("name", ["labels_C", "levels_CE", "bias_C", "steps_C", "scale"])
def test_a_table_whose_parts_do_not_fit_is_refused(model: Path, name: str) -> None:
    path = prototypes_file(model)
    with np.load(path) as stored:
        parts = dict(stored)
    parts[name] = np.zeros(2) if name == "scale" else parts[name][:-1]
    np.savez(path, **parts)
    with pytest.raises(InputError, match=r"fp32\.prototypes\.npz: "):
        Prototypes.load(model)


def test_a_label_without_a_prototype_is_named(model: Path) -> None:
    with pytest.raises(InputError, match="no prototype of 木, 林; describe it"):
        prototypes().of(["一", "木", "林"])
    write_prototype_model(model.parent, candidates=("一", "木"))
    with pytest.raises(InputError, match="no prototype of 木; describe it"):
        Recognizer.load(model)


def test_classes_are_picked_in_the_order_that_is_asked_for() -> None:
    table = prototypes()
    picked = table.of(["四", "一"])
    assert picked.labels == ("四", "一") and np.array_equal(picked.vectors_CE, table.vectors_CE[[3, 0]])
    assert np.array_equal(picked.bias_C, table.bias_C[[3, 0]])


def test_joining_appends_and_refuses_a_label_twice() -> None:
    table, more = prototypes(), prototypes(("木", "林"), seed=1)
    both = table.joined(more)
    assert both.labels == (*LABELS, "木", "林") and both.scale == table.scale
    assert same(both.of(["木", "林"]), more) and same(both.of(LABELS), table)
    with pytest.raises(InputError, match="two prototypes are called 木, 林"):
        both.joined(more)


def test_logits_are_scaled_products_and_biases() -> None:
    table = prototypes()
    embedding_NE = np.random.default_rng(1).normal(size=(6, NUMBERS)).astype(np.float32)
    expected = [
        [7.5 * sum(float(a) * float(b) for a, b in zip(vector, row, strict=True)) + float(bias)
         for vector, bias in zip(table.vectors_CE, table.bias_C, strict=True)]
        for row in embedding_NE
    ]  # fmt: skip
    found = table.logits(embedding_NE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match="embeddings of"):
        table.logits(embedding_NE[:, 1:])


def test_a_recogniser_answers_among_the_manifests_classes(model: Path) -> None:
    recognizer, feeds = Recognizer.load(model), {"raster": pictures(9)}
    expected = prototypes().rounded().of(LABELS[:3]).logits(recognizer.embeddings(feeds))
    np.testing.assert_allclose(recognizer.logits(feeds), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(recognizer.probabilities(feeds), softmax(expected), atol=1e-5)
    assert recognizer.read(feeds) == [LABELS[best] for best in expected.argmax(axis=1)]
    assert recognizer.embeddings(feeds).shape == (9, NUMBERS)


@pytest.mark.parametrize("batch", [1, 4])
def test_answers_alone_are_those_in_a_batch(model: Path, batch: int) -> None:
    recognizer, feeds = Recognizer.load(model), {"raster": pictures(9)}
    for answer in (recognizer.embeddings, recognizer.logits, recognizer.probabilities):
        np.testing.assert_allclose(answer(feeds, batch), answer(feeds), atol=1e-5)
    assert recognizer.read(feeds, batch) == recognizer.read(feeds)


def test_nothing_asked_nothing_answered(model: Path) -> None:
    recognizer, nothing = Recognizer.load(model), {"raster": np.zeros((0, SIDE, SIDE), np.uint8)}
    for answer, width in (
        (recognizer.logits, 3),
        (recognizer.probabilities, 3),
        (recognizer.embeddings, NUMBERS),
    ):
        found = answer(nothing)
        assert found.shape == (0, width) and found.dtype == np.float32
    assert recognizer.read(nothing) == []


def test_a_model_that_gives_scores_has_no_embeddings() -> None:
    recognizer = Recognizer.load(ROOT / "models/kanji/release", threads=1)
    with pytest.raises(InputError, match=r"\.onnx: gives no embeddings; its decoder is"):
        recognizer.embeddings({"raster": np.zeros((1, 64, 64), np.uint8)})
