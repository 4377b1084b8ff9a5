"""The traced networks, which the tests of the library need too."""

from tests.export.conftest import networks

__all__ = ["networks"]
