"""``/metrics``: what the data routes do and what the figures come to, in Prometheus' text format.

Nothing in it is about people: the figures are those of whole communities, of nothing sensitive.
"""

from collections.abc import Iterator
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from geo.errors import DatabaseUnavailable
from geo.model.actor import Actor
from geo.model.indicator import WHOLE
from geo.operations.snapshots import read_running_month
from geo.store.engine import acting_as, get_engine
from geo.store.versions import list_community_codes

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_requests = Counter(
    "wangge_http_requests",
    "Answers of the data routes.",
    ("route", "layer", "status"),
    registry=_registry,
)
_request_seconds = Histogram(
    "wangge_http_request_seconds",
    "Time from a request to its whole answer.",
    ("route",),
    buckets=_BUCKETS_S,
    registry=_registry,
)
_lookups = Counter(
    "wangge_cache_lookups",
    "Data asked of the cache: hit, miss (made from the database) or joined (another request was making it).",
    ("result",),
    registry=_registry,
)
_production_seconds = Histogram(
    "wangge_data_production_seconds",
    "Time to make what was not in the cache, database and compression included.",
    ("route",),
    buckets=_BUCKETS_S,
    registry=_registry,
)
_cached_bytes = Gauge("wangge_cache_bytes", "Size of the data in the cache.", registry=_registry)
_connections = Gauge(
    "wangge_database_connections", "Connections of the pool that are in use.", registry=_registry
)

HIT = _lookups.labels("hit")
MISS = _lookups.labels("miss")
JOINED = _lookups.labels("joined")


class _Figures(Collector):
    """The figures of the running month, from the snapshots that all their readers share."""

    def collect(self) -> Iterator[Metric]:
        """Yield what each indicator comes to and how many it rests on; nothing while there is no database."""
        amounts = GaugeMetricFamily(
            "wangge_indicator", "What an indicator comes to this month.", labels=("community", "indicator")
        )
        counts = GaugeMetricFamily(
            "wangge_indicator_n", "How many it rests on.", labels=("community", "indicator")
        )
        try:
            for code, community_id in sorted(list_community_codes().items()):
                with acting_as(Actor(None, "leader", (community_id,))):
                    found = read_running_month(community_id)
                for id_, by_key in found.values.items():
                    value = by_key[WHOLE][0]
                    counts.add_metric((code, id_), value.n)
                    if value.amount is not None:
                        amounts.add_metric((code, id_), value.amount)
        except DatabaseUnavailable:
            return
        yield amounts
        yield counts

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: what there is to collect is asked for when it is read."""
        return iter(())


_registry.register(_Figures())


def observe_request(route: str, layer: str, status: int, seconds: float) -> None:
    """Count an answer of a route and the time that it took."""
    count, duration = _find_metrics(route, layer, status)
    count.inc()
    duration.observe(seconds)


@lru_cache(maxsize=256)
def _find_metrics(route: str, layer: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, layer, status), _request_seconds.labels(route)


def observe_production(route: str, seconds: float) -> None:
    """Count the time that making an answer took."""
    _production_seconds.labels(route).observe(seconds)


def set_cached_bytes(size: int) -> None:
    """Tell how much is in the cache."""
    _cached_bytes.set(size)


def _report() -> bytes:
    pool = get_engine().pool
    if isinstance(pool, QueuePool):
        _connections.set(pool.checkedout())
    return generate_latest(_registry)


async def _answer(_request: Request) -> Response:
    return Response(
        await run_in_threadpool(_report),
        media_type=CONTENT_TYPE_LATEST,
        headers={"Cache-Control": "no-store"},
    )


def routes() -> list[BaseRoute]:
    """Return ``/metrics``."""
    return [Route("/metrics", _answer)]
