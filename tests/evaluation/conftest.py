"""The sample set and the outcomes of the Arabic track's tests: any track's would do."""

from tests.tracks.arabic.evaluation.conftest import outcomes, samples

__all__ = ["outcomes", "samples"]
