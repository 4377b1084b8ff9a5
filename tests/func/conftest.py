"""One small repository for all: its whole graph is run once."""

from pathlib import Path

import pytest

from tests.func.small_repository import SmallRepository, ran


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, packages_of_two_scripts: Path) -> SmallRepository:
    """After one whole ``dvc repro``, committed. Change its workspace only where the tests in it can take that."""
    made = SmallRepository.make(tmp_path_factory.mktemp("small") / "glyphlens", packages_of_two_scripts)
    assert ran(made.dvc("repro"))[0] == "code"
    made.commit("the small run")
    return made
