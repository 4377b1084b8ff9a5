import json

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass, ImageFormat, pack_bits, save_sample_set
from glyphlens.gates.token import write_token
from glyphlens.tracks.arabic.primitives.cells import pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.tracks.arabic.stages.primitives import main

PARAMS = "seed: 5\nprimitives: {count: 6, sampled_cells: 5000, iterations: 5, tolerance: 0.001}\n"


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A repository root with twelve random glyphs, nine of them for training, and their token."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    write_rasters(tmp_path, ["train"] * 9 + ["val", "test", "excluded"])
    return tmp_path


def write_rasters(root, splits):
    rng = np.random.default_rng(0)
    images = np.zeros((len(splits), 128, 128), bool)
    images[:, :64, :32] = rng.random((len(splits), 64, 32)) < 0.5
    index = pd.DataFrame({"sample_id": range(len(splits)), "class_index": 0, "label": "beh.isol", "split": splits})
    index["group"], index["source"] = "family", "font"
    classes = [CharacterClass("beh.isol")]
    save_sample_set(root / "rasters", pack_bits(images), index, classes, ImageFormat(128, 128, 1))
    write_token(root / "token.json", root / "rasters")


def run(root, out="out"):
    names = {"rasters": "rasters", "token": "token.json", "out": out, "metrics": "metrics.json"}
    main([part for name, path in names.items() for part in (f"--{name}", str(root / path))])


def test_the_stage_writes_codebook_grids_picture_and_metrics(workplace):
    run(workplace)
    grids = np.load(workplace / "out/grids.npy")
    words = pack_cells(np.load(workplace / "rasters/pixels.npy"))
    assert grids.shape == (12, 16, 16) and grids.dtype == np.uint16
    assert np.array_equal(grids, Codebook.open(workplace / "out").assign(words))
    assert np.array_equal(grids == 0, words == 0)
    assert (workplace / "out/prototypes.png").stat().st_size > 0
    metrics = json.loads((workplace / "metrics.json").read_text())
    assert metrics["used"] == 6 and metrics["empty_share"] == pytest.approx(224 / 256, abs=1e-3)


def test_the_same_seed_gives_the_same_bytes(workplace):
    run(workplace, "first")
    run(workplace, "second")
    for name in ("centroids.npy", "grids.npy", "prototypes.png"):
        assert (workplace / "first" / name).read_bytes() == (workplace / "second" / name).read_bytes()


def test_only_training_rows_shape_the_codebook(workplace):
    run(workplace, "first")
    pixels = np.load(workplace / "rasters/pixels.npy")
    pixels[9:] ^= 255
    np.save(workplace / "rasters/pixels.npy", pixels)
    write_token(workplace / "token.json", workplace / "rasters")
    run(workplace, "second")
    first, second = (workplace / name / "centroids.npy" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_rasters_that_did_not_pass_the_gate_are_refused(workplace):
    np.save(workplace / "rasters/pixels.npy", np.zeros((12, 128, 16), np.uint8))
    with pytest.raises(InputError, match="gate"):
        run(workplace)
    assert not (workplace / "out").exists()


def test_no_training_rows_is_an_error(workplace):
    write_rasters(workplace, ["val", "test"])
    with pytest.raises(InputError, match="no row of split 'train'"):
        run(workplace)
