"""``glyphlens track``: sends the trainings that MLflow does not have yet."""

from glyphlens.core.errors import OutputError
from glyphlens.tracking.client import shown_uri
from glyphlens.tracking.outbox import deliver, outbox, waiting

PATIENCE_S = 600.0


def run_track() -> int:
    """Send every run that waits and say where it is now; raises OutputError where some still wait."""
    before = len(waiting())
    trouble = deliver(PATIENCE_S)
    left = len(waiting())
    print(f"{shown_uri()}: {max(0, before - left)} sent, {left} waiting")
    if left:
        raise OutputError(
            f"{outbox()}: {left} waiting, {trouble}; start the server or mend MLFLOW_TRACKING_URI and run this again"
        )
    return 0
