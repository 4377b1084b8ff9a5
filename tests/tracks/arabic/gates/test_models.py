"""gate_models: three small good models pass; each forgery fails the one check that is about it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array, save_json, save_text
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits
from glyphlens.tracks.arabic.gates.models import GATE, ModelData, ModelLimits, TrainedModel
from tests.forged_curves import write_curves
from tests.gates.forgeries import Forge, forgeries

CLASSES = 10
LIMITS = ModelLimits(
    min_phase1_accuracy=0.9,
    max_empty_fpr=0.02,
    max_below_lookup=0.0,
    min_phase2_top1=0.7,
    min_phase2_top5=0.9,
    min_onestage_top1=0.7,
    max_below_onestage=0.01,
    min_distinct_share=0.8,
    max_commonest_share=0.2,
)
METRICS = {
    "phase1": {"accuracy": 0.95, "empty_fpr": 0.001, "lookup_accuracy": 0.93},
    "phase2": {"val_top1": 0.8, "val_top5": 0.95},
    "onestage": {"val_top1": 0.8, "val_top5": 0.95},
}


def samples() -> SampleSet:
    images = np.zeros((40, 16, 16), np.uint8)
    images[:, :8, :5] = 1
    truth = np.tile(np.arange(CLASSES), 4)
    split = ["train"] * 20 + ["val"] * 20
    index = pd.DataFrame({"sample_id": range(40), "class_index": truth, "label": truth.astype(str), "split": split})
    index["char_class"] = "isol"
    classes = tuple(CharacterClass(str(number)) for number in range(CLASSES))
    return SampleSet(Path("rasters"), pack_bits(images), index, classes, ImageFormat(16, 16, 1))


def answers() -> NDArray[np.int32]:
    """20 answers of which 16 are right, and every class is named."""
    found = np.tile(np.arange(CLASSES), 2).astype(np.int32)
    found[:4] = [1, 2, 3, 4]
    return found


def write_model(folder: Path, name: str) -> TrainedModel:
    folder.mkdir(parents=True)
    save_file({"layer.weight": np.ones((2, 3), np.float32)}, folder / "weights.safetensors")
    save_json(folder / "model.json", {"recognizer": "grid", "config": {"classes": CLASSES}})
    write_curves(folder / CURVES)
    save_json(folder.with_suffix(".json"), METRICS[name])
    save_array(folder / "val_predictions.npy", answers())
    return TrainedModel.open(folder, folder.with_suffix(".json"))


@pytest.fixture
def good(tmp_path: Path) -> ModelData:
    models = {name: write_model(tmp_path / name, name) for name in METRICS}
    clean_MRC = np.tile(np.array([[7, 0], [0, 0]], np.uint16), (40, 1, 1))
    return ModelData(models, samples(), clean_MRC)


def test_good_models_pass(good: ModelData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}


def model(name: str, **changes: Any) -> Forge:
    return lambda data: replace(data, models={**data.models, name: replace(data.models[name], **changes)})


def metric(name: str, key: str, value: float) -> Forge:
    return lambda data: model(name, metrics={**data.models[name].metrics, key: value})(data)


def predicted(found: NDArray[Any], right: float = 0.8, name: str = "phase2") -> Forge:
    """Other predictions, with a metric that agrees with them."""
    metrics = {**METRICS[name], "val_top1": right}
    return model(name, predictions_N=found, metrics=metrics)


def grids(value: int, rows: int, dtype: type = np.uint16) -> Forge:
    def forge(data: ModelData) -> ModelData:
        found = data.clean_MRC.astype(dtype)
        found[:rows, 1, 1] = value
        return replace(data, clean_MRC=found)

    return forge


def half_answers() -> NDArray[np.int32]:
    """Half of the classes are never named."""
    return (np.tile(np.arange(CLASSES), 2) % 5).astype(np.int32)


def favourite() -> NDArray[np.int32]:
    found = np.tile(np.arange(CLASSES), 2).astype(np.int32)
    found[:4] = 9
    return found


def beyond() -> NDArray[np.int32]:
    found = answers()
    found[0] = CLASSES
    return found


GAPS = pd.DataFrame({"step": [1, 2], "name": ["train_loss"] * 2, "value": [2.5, np.nan]})
HALF_RIGHT = {"min_phase2_top1": 0.4, "max_below_onestage": 1.0}


@forgeries(
    ("weights-finite", model("phase1", tensors={"a": np.array([1.0, np.nan])})),
    ("weights-finite", model("onestage", tensors={"a": np.array([np.inf])})),
    ("curves-finite", model("phase2", curves=GAPS)),
    ("output-size", model("onestage", config={"classes": 9})),
    ("output-size", model("onestage", config={})),
    ("grids-form", grids(0, 0, np.int64)),
    ("grids-empties", grids(3, 40)),
    ("phase1-accuracy", metric("phase1", "accuracy", 0.89), {"max_below_lookup": 0.1}),
    ("phase1-empties", metric("phase1", "empty_fpr", 0.03)),
    ("phase1-beside-lookup", metric("phase1", "lookup_accuracy", 0.96)),
    ("predictions-form", model("phase2", predictions_N=answers().astype(np.int64))),
    ("predictions-form", model("phase2", predictions_N=beyond())),
    ("predictions-distinct", predicted(half_answers(), 0.5), HALF_RIGHT),
    ("predictions-commonest", predicted(favourite())),
    ("metrics-agree", metric("phase2", "val_top1", 0.81)),
    ("phase2-top1", lambda data: data, {"min_phase2_top1": 0.81}),
    ("phase2-top5", metric("phase2", "val_top5", 0.5)),
    ("onestage-top1", lambda data: data, {"min_onestage_top1": 0.81}),
    ("phase2-beside-onestage", predicted(np.tile(np.arange(CLASSES), 2).astype(np.int32), 1.0, "onestage")),
)
def test_a_forgery_fails_exactly_its_check(
    good: ModelData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert set(verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))) == {check}


def test_being_behind_lookup_or_onestage_only_warns(good: ModelData, verdicts: Any) -> None:
    everything_right = np.tile(np.arange(CLASSES), 2).astype(np.int32)
    data = predicted(everything_right, 1.0, "onestage")(metric("phase1", "lookup_accuracy", 0.96)(good))
    assert set(verdicts(GATE, data, LIMITS).values()) == {"WARN"}


def test_a_missing_metric_fails_the_checks_that_ask_for_it(good: ModelData, verdicts: Any) -> None:
    assert verdicts(GATE, model("phase2", metrics={"val_top1": 0.8})(good), LIMITS) == {"phase2-top5": "FAIL"}


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "val_predictions.npy"])
def test_a_missing_file_is_an_error_that_names_its_place(tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "phase2", "phase2")
    (tmp_path / "phase2" / name).unlink()
    with pytest.raises(InputError, match="phase2"):
        TrainedModel.open(tmp_path / "phase2", tmp_path / "phase2.json")


@pytest.mark.parametrize(("text", "message"), [(None, "no learning curves"), ("step\tval_loss\n", "line 2: missing")])
def test_missing_and_empty_curves_are_errors(tmp_path: Path, text: str | None, message: str) -> None:
    write_model(tmp_path / "phase2", "phase2")
    shutil.rmtree(tmp_path / "phase2" / CURVES)
    if text is not None:
        save_text(tmp_path / "phase2" / CURVES / "plots/metrics/val_loss.tsv", text)
    with pytest.raises(InputError, match=f"phase2/curves.*{message}"):
        TrainedModel.open(tmp_path / "phase2", tmp_path / "phase2.json")


def test_phase1_needs_no_predictions(tmp_path: Path) -> None:
    write_model(tmp_path / "phase1", "phase1")
    (tmp_path / "phase1" / "val_predictions.npy").unlink()
    assert len(TrainedModel.open(tmp_path / "phase1", tmp_path / "phase1.json").predictions_N) == 0


def test_broken_weights_are_an_error(tmp_path: Path) -> None:
    write_model(tmp_path / "phase2", "phase2")
    (tmp_path / "phase2" / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="weights.safetensors: cannot be read"):
        TrainedModel.open(tmp_path / "phase2", tmp_path / "phase2.json")
