"""One small repository for all: its whole graph is run once."""

from pathlib import Path

import pytest

from tests.func.small_repository import SmallRepository, ran
from tests.once import once_per_run


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, packages_of_all_scripts: Path) -> SmallRepository:
    """After one whole ``dvc repro``, committed. Only tests/func/test_repro.py may change its workspace."""

    def make(folder: Path) -> None:
        made = SmallRepository.make(folder / "glyphlens", packages_of_all_scripts)
        assert ran(made.dvc("repro", "--force"))[0] == "code"  # there is no earlier run for DVC to look for
        made.commit("the small run")

    return SmallRepository(once_per_run(tmp_path_factory, "small", make) / "glyphlens")
