"""Gates are judged by the ids of the checks that fail."""

from tests.gates.verdicts import verdicts

__all__ = ["verdicts"]
