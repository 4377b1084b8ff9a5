"""The scratch repository of these tests."""

from pathlib import Path

import pytest

from tests.scratch_repository import Repository, project


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return project(tmp_path / "repository")
