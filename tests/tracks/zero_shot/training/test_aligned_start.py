"""Weights in git teach a training of the same seen characters alone: what they have seen is never called unseen."""

from pathlib import Path
from typing import Any

import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.weights import load_model, save_model
from glyphlens.tracks.zero_shot.descriptions.arrays import STROKE_TYPE_NUMBERS, ComponentVocabulary
from glyphlens.tracks.zero_shot.recognizers.aligned import Config, Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles
from glyphlens.tracks.zero_shot.stages import zero_shot
from glyphlens.tracks.zero_shot.training import aligned_start
from glyphlens.tracks.zero_shot.training.aligned_start import begin_with_aligned
from tests.tracks.zero_shot.aligned_networks import TINY
from tests.tracks.zero_shot.samples.small_sets import KANJI, small_set
from tests.tracks.zero_shot.stages.test_zero_shot_export import prepare, run


def network(samples: Path, seed: int, **changes: Any) -> Network:
    torch.manual_seed(seed)
    roles, vocabulary = ClassRoles.load(samples), ComponentVocabulary.load(samples)
    sizes = {"classes": len(roles.seen), "stroke_types": 1 + len(STROKE_TYPE_NUMBERS), "components": len(vocabulary)}
    return Network(Config(**(sizes | TINY | changes)))  # type: ignore[arg-type]


def keep(project: Path) -> None:
    places = {"trained": "long", "samples": "samples", "out": "start"}
    aligned_start.main([word for option, name in places.items() for word in (f"--{option}", str(project / name))])


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample set, and a start of which no fresh network has the weights."""
    (tmp_path / "samples").symlink_to(small_set(tmp_path_factory) / "out")
    save_model(tmp_path / "long", network(tmp_path / "samples", 1))
    save_json(tmp_path / "long/training.json", {"steps": 900, "steps_before": 100})
    keep(tmp_path)
    return tmp_path


def begun(project: Path) -> Path | None:
    samples = SampleSet.open(project / "samples")
    return begin_with_aligned(project / "start", network(project / "samples", 2), samples, "zero_shot")


def test_a_training_begins_with_weights_that_fit(project: Path) -> None:
    """So small a rate that weights stay what they were."""
    prepare(project, start=True, steps=2, lr=1e-9)
    run(project, zero_shot, ["start=start", "out=aligned", "curves=curves.json"])
    facts = load_json(project / "aligned/training.json")
    assert (facts["steps"], facts["steps_before"]) == (2, 1000)
    trained = load_model(project / "aligned", Network)
    for name, weight in load_model(project / "long", Network).named_parameters():
        torch.testing.assert_close(trained.get_parameter(name), weight, rtol=1e-3, atol=1e-4)
    assert load_json(project / "aligned/groups.json") == load_json(project / "start/groups.json")


def test_without_a_start_it_is_trained_longer_from_random_weights(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(project, start=True, steps=2)
    run(project, zero_shot, ["start=absent", "out=aligned", "curves=curves.json"])
    assert load_json(project / "aligned/training.json")["steps"] == 4
    assert "trained from random weights, not from absent: there is none" in capsys.readouterr().out


def test_what_it_has_seen_must_not_be_unseen_here(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = load_json(project / "start/labels.json")
    save_json(project / "start/labels.json", [*seen[:-1], KANJI[-1]])
    assert begun(project) is None
    assert f"class 19 is {KANJI[-1]}, here {seen[-1]}" in capsys.readouterr().out


def test_numbers_of_components_have_to_mean_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = load_json(project / "start/components.json")
    first, second, *others = counts
    save_json(project / "start/components.json", {name: counts[name] for name in (second, first, *others)})
    assert begun(project) is None
    assert "has another number (2 have)" in capsys.readouterr().out


def test_a_start_without_its_components_is_named(project: Path) -> None:
    (project / "start/components.json").unlink()
    with pytest.raises(InputError, match=r"components\.json"):
        begun(project)


def test_towers_of_another_training_are_refused_and_nothing_is_lost(project: Path) -> None:
    kept = (project / "start/weights.safetensors").read_bytes()
    save_model(project / "long", network(project / "samples", 1, components=3))
    with pytest.raises(InputError, match=r"long has learnt 3 numbers of components"):
        keep(project)
    assert (project / "start/weights.safetensors").read_bytes() == kept
