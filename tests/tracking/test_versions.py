from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracking.client import open_client
from glyphlens.tracking.pyfunc import _load_pyfunc
from glyphlens.tracking.registry import promote
from glyphlens.tracking.versions import LONGEST_DESCRIPTION, fetch
from tests.forged_release import NAME, SIDE, forged_release, save_release

ADDRESS = f"models:/{NAME}@champion"


def answers(folder: Path) -> np.ndarray:
    """Probabilities of some pictures."""
    pictures_NHW = np.random.default_rng(7).integers(0, 256, (9, SIDE, SIDE), np.uint8)
    return Recognizer.load(folder, threads=1).probabilities({"raster": pictures_NHW})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("address", [ADDRESS, f"models:/{NAME}/2"])
def test_the_registered_files_are_those_of_the_release(home: Path, tmp_path: Path, address: str) -> None:
    promote(forged_release(home, 0.8, 1))
    release = forged_release(home, 0.9, 2)
    promote(release)
    fetched = fetch(address, tmp_path / "fetched")
    assert contents(fetched) == contents(release.folder)
    assert (answers(fetched) == answers(release.folder)).all()


def test_mlflow_loads_the_champion_by_itself(home: Path, at: Callable[[str], Any]) -> None:
    import mlflow.pyfunc

    at(f"sqlite:///{home / 'mlflow.db'}")
    release = forged_release(home, 0.9)
    promote(release)
    pictures_NHW = np.random.default_rng(7).integers(0, 256, (9, SIDE, SIDE), np.uint8)
    model = mlflow.pyfunc.load_model(ADDRESS)
    assert (model.predict({"raster": pictures_NHW}) == answers(release.folder)).all()
    loaded = _load_pyfunc(str(release.folder)).recognizer
    assert loaded.session.get_session_options().intra_op_num_threads == 1, "a server answers one request in each thread"
    with pytest.raises(mlflow.MlflowException, match="schema"):
        model.predict({"raster": pictures_NHW.astype(np.float64)})


def test_the_version_says_what_it_is(home: Path) -> None:
    release = forged_release(home, 0.9, tags={"samples": "5a.dir", "mlflow.source.git.commit": "0123"})
    promote(release)
    version = open_client().get_model_version(NAME, "1")
    assert version.description == "# A card\n"
    assert version.tags["samples"] == "5a.dir" and len(version.tags["sha256"]) == 64
    run = open_client().get_run(version.run_id)
    assert run.data.metrics == release.metrics and run.info.status == "FINISHED"
    assert run.data.tags["mlflow.source.git.commit"] == "0123"


def test_of_a_long_card_whole_sections_are_shown_without_the_head(home: Path) -> None:
    release = forged_release(home, 0.9)
    card = "---\nlicense: mit\n---\n# A card\n\n## One\n\none\n\n## Two\n\n" + "word " * LONGEST_DESCRIPTION
    save_release(release.folder, card=card)
    promote(release)
    assert open_client().get_model_version(NAME, "1").description == "# A card\n\n## One\n\none\n"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("models:/nobody@champion", r"has no model of that name; `glyphlens promote`"),
        ("models:/nobody/1", r"has no model of that name"),
        (f"models:/{NAME}@best", r"no alias 'best' there, only champion"),
        (f"models:/{NAME}/7", rf"{NAME}: .* has no version 7 of it, only 1"),
        (f"models:/{NAME}", r"write models:/<name>@<alias> or models:/<name>/<version>"),
        (f"models:/{NAME}/latest", r"write models:/<name>@<alias>"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(home: Path, address: str, told: str) -> None:
    promote(forged_release(home, 0.9))
    with pytest.raises(InputError, match=told):
        fetch(address, home / "fetched")


def test_files_that_were_changed_in_the_store_are_refused(home: Path) -> None:
    promote(forged_release(home, 0.9))
    (labels,) = (home / "mlartifacts").rglob("labels.json")
    labels.write_text(labels.read_text().replace("kanji", "kana"))
    with pytest.raises(InputError, match="version 1 is registered, but its files are not those that were registered"):
        fetch(ADDRESS, home / "fetched")
