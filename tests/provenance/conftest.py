"""A tiny repository after its first run, for each test a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provenance.tiny_repository import TinyRepository


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = TinyRepository.build(tmp_path_factory.mktemp("tiny") / "ran")
    made.dvc("repro")
    made.commit("the first run")
    return made.folder


@pytest.fixture
def tiny(first_run: Path, tmp_path: Path) -> Iterator[TinyRepository]:
    shutil.copytree(first_run, tmp_path / "tiny", symlinks=True)
    made = TinyRepository(tmp_path / "tiny")
    yield made
    for held in made.held:
        held.end()
