"""A tiny repository after its first run, for each test a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.once import once_per_run
from tests.provenance.tiny_repository import TinyRepository


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        made = TinyRepository.build(folder / "ran")
        made.dvc("repro")
        made.commit("the first run")

    return once_per_run(tmp_path_factory, "tiny", make) / "ran"


@pytest.fixture
def tiny(first_run: Path, tmp_path: Path) -> Iterator[TinyRepository]:
    shutil.copytree(first_run, tmp_path / "tiny", symlinks=True)
    made = TinyRepository(tmp_path / "tiny")
    yield made
    for held in made.held:
        held.end()
