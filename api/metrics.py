"""What the API counts, for Prometheus; it names nobody and no version of anything."""

from collections.abc import Callable
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

REQUESTS: Final = Counter(
    "http_requests", "Requests answered, by route and status", ["method", "route", "status"], registry=REGISTRY
)
SECONDS: Final = Histogram(
    "http_request_duration_seconds",
    "From a request's head to the end of its answer",
    ["route"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
IN_FLIGHT: Final = Gauge("http_requests_in_flight", "Requests that have no answer yet", registry=REGISTRY)
WAITING: Final = Gauge("database_waiting", "Callers that wait for a free connection", ["question"], registry=REGISTRY)
BATCH: Final = Histogram(
    "database_batch_size",
    "Callers that one question to the database answers",
    ["question"],
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
FAILURES: Final = Counter("database_failures", "Questions to the database that failed", registry=REGISTRY)
CONNECTIONS: Final = Gauge("database_connections", "Connections in the pool", ["state"], registry=REGISTRY)


@cache
def request(method: str, route: str, status: int) -> Callable[[float], None]:
    """Return what counts one kind of request; looking it up by labels each time would cost more than counting."""
    count, observe = REQUESTS.labels(method, route, status).inc, SECONDS.labels(route).observe

    def record(seconds: float) -> None:
        count()
        observe(seconds)

    return record
