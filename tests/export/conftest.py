"""Traced once for all: torch's exporter takes seconds."""

from functools import cache

import pytest

from glyphlens.tracks.arabic.export.graph import Networks, trace
from tests.export import tiny


@pytest.fixture(scope="session")
def networks() -> Networks:
    return traced()


@cache
def traced() -> Networks:
    """One for the fixture here and the one that another folder takes over."""
    return trace(tiny.cell_network(), tiny.grid_network())
