"""Traced once for all: torch's exporter takes seconds."""

import pytest

from glyphlens.tracks.arabic.export.graph import Networks, trace
from tests.export import tiny


@pytest.fixture(scope="session")
def networks() -> Networks:
    return trace(tiny.cell_network(), tiny.grid_network())
