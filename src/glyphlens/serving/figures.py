"""What is counted and measured, as Prometheus reads it."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from glyphlens.serving.jobs import Job

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
TOGETHER = (1, 2, 4, 8, 16, 32, 64)

NEWEST_SHARE = 0.1  # of a reading in the running mean


class Figures:
    """The numbers of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds_a_job = 0.0  # a running mean
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "glyphlens_requests", "Requests answered, by path and status", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "glyphlens_request_seconds", "From a request's headers to its answer", ["path"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.reading_seconds = Histogram(
            "glyphlens_reading_seconds", "What a reading took", ["kind"], buckets=SECONDS, registry=self.registry
        )
        self.together = Histogram(
            "glyphlens_read_together", "Requests of a reading", ["kind"], buckets=TOGETHER, registry=self.registry
        )
        self.restarts = Counter(
            "glyphlens_reader_restarts", "Reading processes that ended and were replaced", registry=self.registry
        )
        self.swaps = Counter("glyphlens_model_swaps", "Times that models were replaced", registry=self.registry)

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """A number that is looked at when it is asked for."""
        Gauge(f"glyphlens_{name}", help_text, registry=self.registry).set_function(value)

    def read(self, jobs: Sequence[Job], seconds: float) -> None:
        """A reading is done."""
        self.seconds_a_job += (seconds / len(jobs) - self.seconds_a_job) * NEWEST_SHARE
        self.reading_seconds.labels(jobs[0].kind).observe(seconds)
        self.together.labels(jobs[0].kind).observe(len(jobs))

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
