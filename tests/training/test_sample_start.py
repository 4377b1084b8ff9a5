"""Starts of recognisers of samples: kept by the command, begun with where they fit; otherwise a line says why not."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.data.sample_set import CharacterClass, SampleSet
from glyphlens.nets.weights import load_model, save_model
from glyphlens.training import sample_start
from glyphlens.training.sample_start import begin_with, note_start, save_start
from tests.tracks.scan_lines.scan_networks import LABELS, NAMES, tiny, write_scan_set

SPLITS = {"train": ["w1", "w2"], "val": ["w3"], "calibration": ["w4", "w5"], "test": ["w6"]}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    folder = write_scan_set(tmp_path_factory.mktemp("scans") / "samples")
    save_json(folder / "splits.json", SPLITS)
    return SampleSet.open(folder)


def trained(folder: Path, name: str = "vit") -> nn.Module:
    """A network with weights that no fresh one has, as a training leaves it."""
    model = tiny(name)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1.25)
    save_model(folder, model)
    save_json(folder / "training.json", {"steps": 9})
    return model


@pytest.fixture(scope="module")
def start(samples: SampleSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    trained(folder / "trained/vit")
    save_start(folder / "start/vit", folder / "trained/vit", samples)
    return folder / "start/vit"


LeftAlone = Callable[[Path, nn.Module, SampleSet, str], None]


@pytest.fixture
def assert_left_alone(capsys: pytest.CaptureFixture[str]) -> LeftAlone:
    """The model keeps its weights, and one line says why."""

    def check(start: Path, model: nn.Module, samples: SampleSet, why: str) -> None:
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        assert begin_with(start, model, samples, "scan_lines@vit") is None
        (line,) = capsys.readouterr().out.splitlines()
        assert re.match(rf"scan_lines@vit: trained from random weights, not from {start}: {why}", line)
        assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())

    return check


@pytest.mark.parametrize("name", NAMES)
def test_what_the_command_keeps_is_begun_with(name: str, samples: SampleSet, tmp_path: Path) -> None:
    model, out = trained(tmp_path / "trained", name), tmp_path / "start" / name
    places = {"trained": tmp_path / "trained", "samples": samples.folder, "out": out}
    sample_start.main([word for option, place in places.items() for word in (f"--{option}", str(place))])
    assert {file.name for file in out.iterdir()} == {
        "weights.safetensors", "model.json", "training.json", "labels.json", "groups.json"
    }  # fmt: skip
    assert load_json(out / "labels.json") == list(LABELS) and load_json(out / "groups.json") == SPLITS["train"]
    assert {tensor.dtype for tensor in load_model(tmp_path / "trained", nn.Module).state_dict().values()} == {
        torch.float32
    }
    begun = tiny(name, dropout=0.3)  # which says nothing of weights
    assert begin_with(out, begun, samples, "scan_lines@vit") == out
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(begun.state_dict()[key], tensor, rtol=1e-3, atol=1e-4, check_dtype=True)
    sizes = [(folder / "weights.safetensors").stat().st_size for folder in (out, tmp_path / "trained")]
    assert sizes[0] < 0.7 * sizes[1]


def classes(labels: str) -> tuple[CharacterClass, ...]:
    return tuple(CharacterClass(label, (f"U+{ord(label):04X}",)) for label in labels)


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ("あいえう", r"class 2 is う, here え"),
        ("あい", r"class 2 is う, here absent \(4 classes, here 2\)"),
        ("あいうえお", r"class 4 is absent, here お"),
    ],
)
def test_other_classes_do_not_fit(
    labels: str, why: str, start: Path, samples: SampleSet, assert_left_alone: LeftAlone
) -> None:
    assert_left_alone(start, tiny("vit"), replace(samples, classes=classes(labels)), why)


@pytest.mark.parametrize(
    ("splits", "why"),
    [
        ({**SPLITS, "val": ["w2", "w3"]}, r"has learnt from w2, which is held out here \(val, 1 groups\)"),
        ({**SPLITS, "calibration": ["w1", "w2"]}, r"has learnt from w1, which is held out here \(calibration, 2 gr"),
        ({**SPLITS, "test": ["w2"]}, r"has learnt from w2, which is held out here \(test"),
        ({**SPLITS, "train": ["etl/1", "etl/2"]}, r"has learnt from none of the groups .* such as etl/1"),
    ],
)
def test_groups_that_are_held_out_or_all_others_do_not_fit(
    splits: dict[str, list[str]],
    why: str,
    start: Path,
    samples: SampleSet,
    tmp_path: Path,
    assert_left_alone: LeftAlone,
) -> None:
    save_json(tmp_path / "splits.json", splits)
    assert_left_alone(start, tiny("vit"), replace(samples, folder=tmp_path), why)


def of_three_outputs() -> nn.Module:
    """As a network whose code has changed and not its settings."""
    model = tiny("vit")
    model.classes = nn.Linear(16, 3)
    return model


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda: tiny("vit", d_model=32), r"d_model is 16, here 32"),
        (lambda: tiny("vit", heads=4), r"heads is 2, here 4"),
        (lambda: tiny("vit", widths=[4, 12]), r"widths is \[4, 8\], here \[4, 12\]"),
        (of_three_outputs, r"classes.bias is \(4,\), here \(3,\)"),
    ],
)
def test_another_network_does_not_fit(
    model: Callable[[], nn.Module], why: str, start: Path, samples: SampleSet, assert_left_alone: LeftAlone
) -> None:
    assert_left_alone(start, model(), samples, why)


def test_a_recogniser_without_a_start_has_none(start: Path, samples: SampleSet, assert_left_alone: LeftAlone) -> None:
    assert_left_alone(start.parent / "lrcn", tiny("lrcn"), samples, "there is none")


def test_groups_of_earlier_starts_are_kept(start: Path, samples: SampleSet, tmp_path: Path) -> None:
    trained(tmp_path / "trained")
    assert note_start(tmp_path / "trained", None, 5) == {"steps": 5, "steps_before": 0}
    assert not (tmp_path / "trained/groups.json").exists()
    assert note_start(tmp_path / "trained", start, 5) == {"steps": 5, "steps_before": 9}
    later = tmp_path / "splits.json"
    save_json(later, {**SPLITS, "train": ["w2", "w7"]})
    save_start(tmp_path / "start/vit", tmp_path / "trained", replace(samples, folder=tmp_path))
    assert load_json(tmp_path / "start/vit/groups.json") == ["w1", "w2", "w7"]


def test_scans_that_it_cannot_have_learnt_from_are_refused(samples: SampleSet, tmp_path: Path) -> None:
    trained(tmp_path / "trained")
    with pytest.raises(InputError, match=r"classes is 4, here 2 in .*name the samples that it was trained on"):
        save_start(tmp_path / "start", tmp_path / "trained", replace(samples, classes=classes("あい")))
    assert not (tmp_path / "start").exists()


@pytest.mark.parametrize("name", ["labels.json", "groups.json", "model.json", "weights.safetensors"])
def test_a_damaged_start_is_named(name: str, start: Path, samples: SampleSet, tmp_path: Path) -> None:
    shutil.copytree(start, tmp_path / "vit")
    (tmp_path / "vit" / name).write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(InputError, match=name):
        begin_with(tmp_path / "vit", tiny("vit"), samples, "scan_lines@vit")
