from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.tracks.arabic.stages import rasters, variants
from tests.forged_glyphs import forge_glyphs, forged_tables

PARAMS = """
seed: 1
rasters: {min_samples: 5, min_families: 5, diacritic_rule: ratio, diacritic_ratio: 0.25, val_share: 0.1,
          test_share: 0.2, shape_share: 0.5}
machine: {workers: 1, batch_workers: 0}
variants: {copies: 2, slant: 0.15, width: 0.12, weight: 0.02, jitter: 0.006}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    forge_glyphs(Path("glyphs"), *forged_tables())
    write_token(Path("glyphs.json"), Path("glyphs"))
    rasters.main(["--glyphs", "glyphs", "--token", "glyphs.json", "--out", "rasters", "--metrics", "metrics.json"])
    write_token(Path("rasters.json"), Path("rasters"))
    return tmp_path


def run(out: str = "out") -> None:
    arguments = ("--glyphs glyphs --glyphs-token glyphs.json --rasters rasters --rasters-token rasters.json --out", out)
    variants.main(" ".join(arguments).split())


def test_copies_of_every_training_glyph_and_of_no_other(place: Path) -> None:
    run()
    rows, pixels, geometry = (load_array(Path("out") / f"{name}.npy") for name in ("rows", "pixels", "geometry"))
    assert np.array_equal(rows, SampleSet.open(Path("rasters")).rows("train"))
    assert rows.dtype == np.int64
    assert (pixels.shape, pixels.dtype) == ((len(rows), 2, 128, 16), np.uint8)
    assert (geometry.shape, geometry.dtype) == ((len(rows), 2, 7), np.float32)
    assert pixels.any(axis=(2, 3)).all()
    assert np.isfinite(geometry).all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(place: Path) -> None:
    run("one")
    Path("params.yaml").write_text(PARAMS.replace("workers: 1", "workers: 2"))
    run("two")
    Path("params.yaml").write_text(PARAMS.replace("seed: 1", "seed: 2"))
    run("three")
    one, two, three = (sha256_tree(Path(name)) for name in ("one", "two", "three"))
    assert one == two != three


def test_rasters_that_passed_no_gate_are_refused(place: Path) -> None:
    Path("rasters/splits.json").write_text("{}")
    with pytest.raises(InputError, match="not the data that passed the gate"):
        run()
