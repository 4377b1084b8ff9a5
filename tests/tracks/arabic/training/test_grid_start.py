"""The start of phase 2: kept with the primitives of its ids; ids of another codebook are read by their pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.data.sample_set import CharacterClass, SampleSet
from glyphlens.nets.weights import save_model
from glyphlens.tracks.arabic.primitives.codebook import Codebook, on_grid
from glyphlens.tracks.arabic.recognizers.grid import GridConfig, GridRecognizer
from glyphlens.tracks.arabic.training import grid_start
from glyphlens.tracks.arabic.training.grid_start import begin_with_grids, match_primitives
from tests.tracks.scan_lines.scan_networks import LABELS, write_scan_set

PRIMITIVES = 15
SPLITS = {"train": ["amiri", "cairo"], "val": ["lateef"], "test": ["harmattan"]}


def network(seed: int) -> GridRecognizer:
    torch.manual_seed(seed)
    return GridRecognizer(GridConfig(len(LABELS), PRIMITIVES, width=8, blocks=1)).eval()


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    rng = np.random.default_rng(0)
    return Codebook(on_grid((rng.random((PRIMITIVES, 64)) > 0.5).astype(np.float32)))


@pytest.fixture
def samples(tmp_path: Path) -> SampleSet:
    """Any sample set: a start looks at its classes and its groups."""
    folder = write_scan_set(tmp_path / "samples")
    save_json(folder / "splits.json", SPLITS)
    return SampleSet.open(folder)


@pytest.fixture
def start(tmp_path: Path, samples: SampleSet, codebook: Codebook) -> Path:
    save_model(tmp_path / "trained", network(1))
    save_json(tmp_path / "trained/training.json", {"steps": 9})
    codebook.save(tmp_path / "primitives")
    places = {"trained": "trained", "samples": "samples", "primitives": "primitives", "out": "start"}
    grid_start.main([word for option, name in places.items() for word in (f"--{option}", str(tmp_path / name))])
    return tmp_path / "start"


def test_what_the_command_keeps_says_the_same(start: Path, samples: SampleSet, codebook: Codebook) -> None:
    assert {file.name for file in start.iterdir()} == {
        "weights.safetensors", "model.json", "training.json", "labels.json", "groups.json", "centroids.npy"
    }  # fmt: skip
    assert load_json(start / "groups.json") == SPLITS["train"]
    begun = network(2)
    assert begin_with_grids(start, begun, samples, codebook) == start
    grids = torch.randint(0, PRIMITIVES + 1, (4, 16, 16), generator=torch.Generator().manual_seed(0))
    geometry = torch.rand(4, 7, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(begun(grids, geometry), network(1)(grids, geometry), rtol=0.02, atol=0.02)


def test_ids_of_another_codebook_are_read_by_their_pictures(codebook: Codebook) -> None:
    """The same primitives in another order, each a little greyer: the same picture has the same logits."""
    order = np.random.default_rng(1).permutation(PRIMITIVES)
    other = Codebook(on_grid(np.clip(codebook.centroids_K64[order], 0.1, 0.9)))
    matched = network(1)
    match_primitives(matched, codebook, other)
    theirs = torch.randint(0, PRIMITIVES + 1, (4, 16, 16), generator=torch.Generator().manual_seed(0))
    number = torch.zeros(PRIMITIVES + 1, dtype=torch.int64)
    number[torch.from_numpy(order) + 1] = torch.arange(1, PRIMITIVES + 1)
    geometry = torch.rand(4, 7, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(matched(number[theirs], geometry), network(1)(theirs, geometry))


def test_what_does_not_fit_leaves_the_network_alone(
    start: Path, samples: SampleSet, codebook: Codebook, capsys: pytest.CaptureFixture[str]
) -> None:
    model = network(2)
    before = model.embedding.weight.detach().clone()
    fewer = replace(samples, classes=(CharacterClass("あ"),))
    assert begin_with_grids(start, model, fewer, codebook) is None
    assert "phase2: trained from random weights" in capsys.readouterr().out
    assert torch.equal(model.embedding.weight, before)


def test_a_start_without_its_primitives_is_named(start: Path, samples: SampleSet, codebook: Codebook) -> None:
    (start / "centroids.npy").unlink()
    with pytest.raises(InputError, match=r"centroids\.npy"):
        begin_with_grids(start, network(2), samples, codebook)


def test_primitives_of_another_training_are_refused_and_nothing_is_lost(start: Path, tmp_path: Path) -> None:
    kept = (start / "weights.safetensors").read_bytes()
    Codebook(on_grid(np.eye(64, dtype=np.float32)[:9])).save(tmp_path / "others")
    places = {"trained": "trained", "samples": "samples", "primitives": "others", "out": "start"}
    with pytest.raises(InputError, match=r"others: 9 primitives, .*trained reads 15"):
        grid_start.main([word for option, name in places.items() for word in (f"--{option}", str(tmp_path / name))])
    assert (start / "weights.safetensors").read_bytes() == kept
