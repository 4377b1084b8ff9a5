"""Weights that trainings begin with: half precision, and refused where they have seen what is held out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.nets.weights import load_model, save_model
from glyphlens.tracks.khmer.recognizers import ctc
from glyphlens.tracks.khmer.training.line_start import require_unseen, save_start, text_hashes
from glyphlens.tracks.khmer.training.line_training import begin_with
from tests.tracks.khmer.toy_khmer import CHARSET, TINY, save_toy_khmer

TOKENS = TokenTable(tuple(CHARSET.characters))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    lines = save_toy_khmer(tmp_path_factory.mktemp("lines"))
    held_out = lines.index["split"] != "train"
    return replace(
        lines, index=lines.index.assign(text=lines.index["text"].where(~held_out, lines.index["text"] + "ខខខខខខខ"))
    )


@pytest.fixture
def start(samples: SampleSet, tmp_path: Path) -> Path:
    torch.manual_seed(3)
    save_model(tmp_path / "trained", ctc.Network(ctc.Config(len(TOKENS), 0, **TINY, dropout=0.0)))
    TOKENS.save(tmp_path / "trained")
    (tmp_path / "trained/training.json").write_text(json.dumps({"steps": 9}), encoding="utf-8")
    save_start(tmp_path / "start", tmp_path / "trained", samples)
    return tmp_path / "start"


def test_a_start_has_the_weights_to_three_digits_in_half_of_the_bytes(start: Path) -> None:
    trained = load_model(start.parent / "trained", ctc.Network)
    begun = ctc.Network(trained.config)
    begin_with(begun, TOKENS, start)
    for name, tensor in trained.state_dict().items():
        torch.testing.assert_close(begun.state_dict()[name], tensor, rtol=1e-3, atol=1e-4, check_dtype=True)
    sizes = [(folder / "weights.safetensors").stat().st_size for folder in (start, start.parent / "trained")]
    assert sizes[0] < 0.7 * sizes[1]


def test_lines_that_it_has_not_seen_are_let_through(start: Path, samples: SampleSet) -> None:
    require_unseen(start, samples)
    assert len(load_array(start / "texts.npy")) == len(set(samples.index["text"][samples.rows("train")]))


def test_what_the_start_of_a_start_had_learnt_from_is_not_forgotten(start: Path, samples: SampleSet) -> None:
    trained, others = start.parent / "trained", samples.index.assign(text=samples.index["text"] + "គ", group="other")
    (trained / "training.json").write_text(json.dumps({"steps": 5, "steps_before": 9}), encoding="utf-8")
    before = load_array(start / "texts.npy")
    save_start(start, trained, replace(samples, index=others))
    after = load_array(start / "texts.npy")
    assert set(before) < set(after)
    assert (np.diff(after.astype(object)) > 0).all()
    with pytest.raises(InputError, match="family train"):
        require_unseen(start, replace(samples, index=samples.index.assign(split="test")))


def test_a_held_out_family_that_it_was_trained_on_is_named(start: Path, samples: SampleSet) -> None:
    swapped = samples.index["split"].map({"train": "test", "test": "train", "val": "val"})
    with pytest.raises(InputError, match=r"family train.*`start: false`"):
        require_unseen(start, replace(samples, index=samples.index.assign(split=swapped)))


def test_a_held_out_text_that_it_was_trained_on_is_named(start: Path, samples: SampleSet) -> None:
    index = samples.index.copy()
    index.loc[samples.rows("test")[0], "text"] = index["text"][samples.rows("train")[5]]
    with pytest.raises(InputError, match=r"the text .*1 lines"):
        require_unseen(start, replace(samples, index=index))


def test_hashes_keep_their_order_where_asked() -> None:
    texts = ["ខ", "ក", "ខ"]
    unordered = text_hashes(texts, ordered=False)
    assert len(text_hashes(texts)) == 2 and unordered[0] == unordered[2] != unordered[1]
