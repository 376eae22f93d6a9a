"""A community's incidents, their events and its visits as rows."""

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the driver names it so

from etl.demo.community import Community
from etl.demo.rows import copy_rows, pick, reserve_ids, write_shapes
from etl.demo.year.history import History
from etl.demo.year.visits import Visits

Ids = NDArray[np.int64]


def write_history(cursor: Cursor, community_id: int, community: Community, ids: dict[str, Ids]) -> None:
    """Write incidents, events and visits.

    Args:
        cursor: in the open transaction.
        community_id: row id of the community.
        community: what to write.
        ids: row ids by table, in the order of the community's lists.
    """
    history = community.history
    incidents = reserve_ids(cursor, "incident", len(history.reports))
    _write_incidents(cursor, community_id, history, ids, incidents)
    _write_events(cursor, community_id, history, ids["party"], incidents)
    _write_visits(cursor, community_id, history.visits, ids)


def _write_times(seconds: NDArray[np.float64]) -> pa.Array:
    """Return instants to the second, NULL for what is not a number."""
    missing = ~np.isfinite(seconds)
    whole = np.where(missing, 0, np.floor(seconds)).astype(np.int64)
    return pa.array(whole, mask=missing).cast(pa.timestamp("s", tz="UTC"))


def _write_incidents(
    cursor: Cursor, community_id: int, history: History, ids: dict[str, Ids], incidents: Ids
) -> None:
    handling = history.handling
    copy_rows(
        cursor,
        "incident",
        {
            "id": incidents,
            "community_id": np.full(len(incidents), community_id),
            "category_code": history.category,
            "source": history.source,
            "request_kind": history.request_kind,
            "source_system": history.source_system,
            "external_id": history.external_id,
            "severity": history.severity,
            "sensitivity": history.sensitivity,
            "state": handling.state,
            "title": history.title,
            "address": history.address,
            "geom": write_shapes(np.asarray(shapely.points(history.x, history.y))),
            "geocode_quality": history.quality,
            "building_id": pick(ids["building"], history.building),
            "compound_id": pick(ids["compound"], history.compound),
            "grid_id": pick(ids["grid"], history.grid),
            "merchant_id": pick(ids["merchant"], history.merchant),
            "party_id": pick(ids["party"], handling.party),
            "campaign_id": pick(ids["campaign"], history.campaign),
            "reported_at": _write_times(history.reports.at),
            "first_response_at": _write_times(handling.first_response_at),
            "due_at": _write_times(handling.due_at),
            "original_due_at": _write_times(handling.original_due_at),
            "handled_at": _write_times(handling.handled_at),
            "closed_at": _write_times(handling.closed_at),
            "outcome": handling.outcome,
        },
    )


def _write_events(cursor: Cursor, community_id: int, history: History, parties: Ids, incidents: Ids) -> None:
    events = history.handling.events
    copy_rows(
        cursor,
        "incident_event",
        {
            "community_id": np.full(len(events.at), community_id),
            "incident_id": incidents[events.incident],
            "at": _write_times(events.at),
            "actor_party_id": pick(parties, events.actor),
            "kind": events.kind,
            "from_state": events.from_state,
            "to_state": events.to_state,
            "reason": events.reason,
            "suggested_party_id": pick(parties, events.suggested),
            "rating": _rate(events.incident, events.to_state == "rated"),
        },
    )


def _rate(incident: Ids, is_rated: NDArray[np.bool_]) -> pa.Array:
    """Return what people said of what was done for them: most are content, some are not."""
    # Scattered over the incidents, whichever chance made them.
    scattered = incident * 7919 % 100
    said = np.select([scattered < 57, scattered < 89, scattered < 95, scattered < 98], [5, 4, 3, 2], 1)
    return pa.array(said.astype(np.int16), mask=~np.asarray(is_rated, bool))


def _write_visits(cursor: Cursor, community_id: int, visits: Visits, ids: dict[str, Ids]) -> None:
    copy_rows(
        cursor,
        "visit",
        {
            "community_id": np.full(len(visits.at), community_id),
            "kind": visits.kind,
            "at": _write_times(visits.at),
            "party_id": pick(ids["party"], visits.party),
            "building_id": pick(ids["building"], visits.building),
            "merchant_id": pick(ids["merchant"], visits.merchant),
            "compound_id": pick(ids["compound"], visits.compound),
            "outcome": visits.outcome,
        },
    )
