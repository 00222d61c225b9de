"""What the receiver counts, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from incident_nb.desk.arrivals import Outcome

STATES = ("waiting", "running", "done", "set_aside")


class Counted:
    """Counts of one receiver; labels are dialects, statuses and outcomes only, never anything that was sent."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        named = {"registry": self._registry, "namespace": "incident_nb"}
        self._requests = Counter("deliveries", "Deliveries, by answer.", ["dialect", "status"], **named)  # type: ignore[arg-type]
        self._alerts = Counter("alerts", "Alerts, by what became of them.", ["dialect", "outcome"], **named)  # type: ignore[arg-type]
        self._jobs = Gauge("jobs", "Investigations, by state.", ["state"], **named)  # type: ignore[arg-type]
        self._took = Histogram("delivery_seconds", "Seconds until a delivery was answered.", ["dialect"], **named)  # type: ignore[arg-type]

    def timed(self, dialect: str) -> AbstractContextManager[object]:
        """Measures a delivery."""
        return self._took.labels(dialect).time()

    def answered(self, dialect: str, status: int) -> None:
        """Counts an answer."""
        self._requests.labels(dialect, str(status)).inc()

    def became(self, dialect: str, outcomes: Sequence[Outcome]) -> None:
        """Counts what became of alerts."""
        for one in outcomes:
            flags = {"duplicate": one.duplicate, "created": one.created, "folded": one.folded}
            self._alerts.labels(dialect, next((name for name, true in flags.items() if true), "noted")).inc()

    def text(self, jobs: Mapping[str, int]) -> bytes:
        """All counts; `jobs` are those of the database, by state."""
        for state in STATES:
            self._jobs.labels(state).set(jobs.get(state, 0))
        return generate_latest(self._registry)
