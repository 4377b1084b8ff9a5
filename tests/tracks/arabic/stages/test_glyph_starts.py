"""phase2 and onestage begin with weights in git where they fit, for few steps; otherwise with random ones, for more."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML
from torch import nn

from glyphlens.core.storage import load_array, load_json, save_array, save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.nets.weights import load_model
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook, on_grid
from glyphlens.tracks.arabic.stages import onestage, phase2, rasters, variants
from glyphlens.tracks.arabic.training import grid_start
from glyphlens.training import sample_start
from tests.forged_glyphs import forge_glyphs, forged_tables
from tests.training.settings import COMMON, GLYPH

# So small a rate that weights stay what they were, and the averages of them.
LENGTHS: dict[str, Any] = {"start": True, "steps": 1, "lr": 1e-9, "from_random": {"steps": 2, "lr": 0.01}}
PARAMS: dict[str, Any] = {
    "seed": 1,
    "checkpoint": {"resume": "never", "minutes": 5},
    "machine": {"workers": 1, "batch_workers": 0},
    "rasters": {
        "min_samples": 5, "min_families": 5, "diacritic_rule": "ratio", "diacritic_ratio": 0.25,
        "val_share": 0.1, "test_share": 0.2, "shape_share": 0.5,
    },
    "variants": {"copies": 1, "slant": 0.15, "width": 0.12, "weight": 0.02, "jitter": 0.006},
    "phase2": {**COMMON, **GLYPH, **LENGTHS, "batch": 4},
    "onestage": {
        "stem": [4, 8], "degrade": {"shift_px": 1, "blur_sigma_px": 0.6, "gamma": 0.05}, "steps": 1, "random_steps": 2,
    },
}  # fmt: skip
STAGES = {"phase2": phase2, "onestage": onestage}
INPUTS = {"phase2": ("primitives", "grids"), "onestage": ()}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rasters, copies, primitives and grids of forged glyphs, and no start yet."""
    monkeypatch.chdir(tmp_path)
    YAML().dump(PARAMS, Path("params.yaml"))
    forge_glyphs(Path("glyphs"), *forged_tables())
    write_token(Path("glyphs.json"), Path("glyphs"))
    rasters.main(["--glyphs", "glyphs", "--token", "glyphs.json", "--out", "rasters", "--metrics", "metrics.json"])
    write_token(Path("rasters.json"), Path("rasters"))
    common = "--glyphs glyphs --glyphs-token glyphs.json --rasters rasters --rasters-token rasters.json"
    variants.main([*common.split(), "--out", "variants"])
    codebook = Codebook(on_grid((np.random.default_rng(0).random((15, 64)) > 0.5).astype(np.float32)))
    codebook.save(Path("primitives"))
    clean = codebook.assign(pack_cells(np.asarray(SampleSet.open(Path("rasters")).pixels)))
    copies = load_array(Path("variants/pixels.npy"))
    drawn = codebook.assign(pack_cells(copies.reshape(-1, *copies.shape[2:])))
    save_array(Path("grids/clean.npy"), clean)
    save_array(Path("grids/variants.npy"), drawn.reshape(*copies.shape[:2], *drawn.shape[1:]))
    return tmp_path


def run(stage: str, out: str) -> dict[str, Any]:
    """Train into ``out``; returns how it went."""
    inputs = {name: name for name in ("rasters", "variants", *INPUTS[stage])}
    told = {**inputs, "rasters-token": "rasters.json", "start": f"start/{stage}", "out": out}
    told |= {"metrics": f"{out}.json", "curves": f"{out}-curves.json", "timings": "timings.json"}
    STAGES[stage].main([word for option, value in told.items() for word in (f"--{option}", value)])
    facts: dict[str, Any] = load_json(Path(out, "training.json"))
    return facts


def keep(stage: str, trained: str) -> None:
    """Make a start of a training by the command of its stage."""
    command = grid_start if stage == "phase2" else sample_start
    places = {"trained": trained, "samples": "rasters", "out": f"start/{stage}"}
    if stage == "phase2":
        places["primitives"] = "primitives"
    command.main([word for option, place in places.items() for word in (f"--{option}", place)])


def weights(folder: str) -> dict[str, torch.Tensor]:
    return load_model(Path(folder), nn.Module).state_dict()


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_training_begins_with_weights_that_fit(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = run(stage, "long")
    assert (facts["steps"], facts["steps_before"]) == (2, 0)
    assert f"{stage}: trained from random weights, not from start/{stage}: there is none" in capsys.readouterr().out
    keep(stage, "long")
    facts = run(stage, "short")
    assert (facts["steps"], facts["steps_before"]) == (1, 2)
    assert "random weights" not in capsys.readouterr().out
    began = {name for name, tensor in weights("long").items() if tensor.is_floating_point() and "running" not in name}
    for name in began:
        torch.testing.assert_close(weights("short")[name], weights("long")[name], rtol=1e-3, atol=1e-3)
    assert load_json(Path("short/groups.json")) == load_json(Path("rasters/splits.json"))["train"]


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_what_has_seen_a_held_out_family_is_not_begun_with(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(stage, "long")
    keep(stage, "long")
    held_out = load_json(Path("rasters/splits.json"))["test"][0]
    groups = Path(f"start/{stage}/groups.json")
    save_json(groups, [*load_json(groups), held_out])
    facts = run(stage, "again")
    assert f"has learnt from {held_out}, which is held out here (test" in capsys.readouterr().out
    assert (facts["steps"], facts["steps_before"]) == (2, 0)
    assert all(torch.equal(tensor, weights("again")[name]) for name, tensor in weights("long").items())
