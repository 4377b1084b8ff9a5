"""The stage kanji_qat on real digits: what it writes, that both files answer alike, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from glyphlens.core.curves import CURVES, read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, sha256_tree
from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_sample_set
from glyphlens.export.classifier import INK
from glyphlens.gates.token import write_token
from glyphlens.inference.recognizer import open_session
from glyphlens.nets.weights import load_model, save_model
from glyphlens.tracking.timings import read_timings
from glyphlens.tracks.kanji.recognizers import cnn
from glyphlens.tracks.kanji.stages.kanji_qat import main
from tests.slow_clock import slow_down
from tests.training.digits import digits

PARAMS = """
seed: 5
checkpoint: {resume: auto, minutes: 5}
machine: {workers: 1, batch_workers: 0}
kanji_training: &shared
  {batch: 8, steps: 9, lr: 0.1, weight_decay: 0.01, warmup_share: 0.1, schedule: cosine, smoothing: 0.1, clip: 1.0,
   ema_decay: 0.9, precision: bf16-mixed, validate_every: 3, patience: 9, keep_last: 1, class_balance: 0.5,
   augment: {rotate_deg: 5.0, shear: 0.1, zoom: 0.05, stretch: 0.05, shift_px: 1.0, warp_px: 1.0, warp_points: 4,
             thickness: 0.1, gamma: 0.1, noise: 0.02},
   stroke_augment: {affine: 0.1, jitter: 0.02}}
kanji_qat:
  {batch: 16, steps: 6, lr: 0.001, weight_decay: 0.01, warmup_share: 0.1, schedule: cosine, smoothing: 0.1, clip: 1.0,
   ema_decay: 0.0, precision: 32-true, validate_every: 3, patience: 9, keep_last: 1, range_batches: 2,
   frozen_share: 0.5, reduce_range: true}
"""
SPLITS = ["train"] * 60 + ["val"] * 20 + ["test"] * 20


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository root with a hundred digits, their token, and a CNN that knows their classes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    images, targets = digits()
    pixels = (images[:100, 0] * 255).round().to(torch.uint8).numpy()
    index = pd.DataFrame({"sample_id": range(100), "class_index": targets[:100].numpy(), "split": SPLITS})
    index["label"], index["group"], index["source"] = index["class_index"].astype(str), index["split"], "digits"
    classes = [CharacterClass(str(number)) for number in range(10)]
    save_sample_set(tmp_path / "samples", pixels, index, classes, ImageFormat(64, 64, 8))
    write_token(tmp_path / "token.json", tmp_path / "samples")
    save_start(tmp_path, classes=10)
    return tmp_path


def save_start(root: Path, classes: int) -> None:
    torch.manual_seed(0)
    save_model(root / "cnn", cnn.Network(cnn.Config(classes, (8, 8, 8, 16, 16), (1, 1, 1, 1))))


def run(root: Path) -> None:
    names = {"samples": "samples", "token": "token.json", "start": "cnn", "out": "cnn_qat", "curves": "curves.json"}
    names["timings"] = "timings.json"
    main([part for name, path in names.items() for part in (f"--{name}", str(root / path))])


def test_the_stage_writes_weights_an_integer_file_and_honest_numbers(workplace: Path) -> None:
    run(workplace)
    out = workplace / "cnn_qat"
    written = {path.name for path in out.iterdir()}
    assert written == {"weights.safetensors", "model.json", "integer.onnx", "curves", "training.json"}
    network = load_model(out, cnn.Network)
    assert not torch.equal(network.classes.weight, load_model(workplace / "cnn", cnn.Network).classes.weight)

    raster, targets = digits()[0][60:80], digits()[1][60:80].numpy()
    whole = ((raster * 255).round() / 255).numpy()
    integer_NC = open_session(out / "integer.onnx").run(["raw_logits"], {INK: whole})[0]
    with torch.inference_mode():
        float_NC = network(torch.from_numpy(whole)).numpy()
    assert np.corrcoef(integer_NC.ravel(), float_NC.ravel())[0, 1] > 0.98
    facts = json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert facts["steps"] == 6 and facts["parameters"] == sum(entry.numel() for entry in network.parameters())
    assert facts["val_integer_top1"] == pytest.approx((integer_NC.argmax(1) == targets).mean())
    assert {"val_top1", "val_top5", "val_start_top1", "device", "threads"} <= facts.keys()
    curves = read_curves(out / CURVES)
    assert set(curves.loc[curves["name"] == "val_top1", "step"]) == {3, 6}
    assert not list((workplace / "checkpoints").glob("*/*"))


def test_another_machine_writes_the_same_bytes_and_other_times(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workplace)
    outs = [workplace / "cnn_qat", workplace / "curves.json"]
    before, first = [sha256_tree(out) for out in outs], read_timings(workplace / "timings.json")["kanji_qat"]
    assert set(load_json(outs[1])) == {"train_loss", "val_loss", "val_top1", "val_top5"}
    slow_down(monkeypatch)
    run(workplace)
    assert [sha256_tree(out) for out in outs] == before
    assert read_timings(workplace / "timings.json")["kanji_qat"]["seconds"] > 2 * first["seconds"]


def test_a_network_of_other_classes_is_refused(workplace: Path) -> None:
    save_start(workplace, classes=12)
    with pytest.raises(InputError, match="cnn: reads raster and knows 12 classes, .*samples has pictures of 10"):
        run(workplace)


def test_samples_that_passed_no_gate_are_refused(workplace: Path) -> None:
    (workplace / "token.json").unlink()
    with pytest.raises(InputError, match=r"token\.json"):
        run(workplace)
