"""How much work the buildings of a community are, and what the community lets each thing weigh."""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from geo.errors import Conflict, InputRefused
from geo.model.workload import BuildingCounts, WorkloadWeights
from geo.operations.duties import keep_to_keepers
from geo.store import workload as store
from geo.store.duties import record_change
from geo.store.engine import connect, transaction
from geo.store.workload import Ground
from geo.zoning.problem import Floats
from geo.zoning.workload import weigh_buildings

DAYS_COUNTED: Final = 90
_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")
_MOST_WEIGHT: Final = 1000


@dataclass(frozen=True)
class Workload:
    """The work in each building of a community on a day.

    Attributes:
        counts: what was counted, building by building.
        weights: what each count weighs.
        parts: n × 7, a column for each :class:`geo.zoning.workload.Part`.
        total: n; their sums.
        ground: where the buildings stand.
    """

    counts: BuildingCounts
    weights: WorkloadWeights
    parts: Floats
    total: Floats
    ground: Ground

    @property
    def incidents(self) -> Floats:
        """The number of incidents in each building, all categories alike."""
        return np.asarray(self.counts.incidents.sum(axis=1), np.float64)


def read_workload(community_id: int, on_day: date) -> Workload:
    """Return the work in each building as it stands on a day, incidents of the 90 days up to it included.

    Raises:
        NotFound: there is no such community, or whoever asks does not see it.
    """
    until = datetime.combine(on_day + timedelta(days=1), time(), _TIME_ZONE)
    with connect() as connection:
        counts, ground = store.load_counts(
            connection, community_id, until - timedelta(days=DAYS_COUNTED), until
        )
        weights = store.load_weights(connection, community_id)
    parts = weigh_buildings(counts, weights)
    return Workload(counts, weights, parts, parts.sum(axis=1), ground)


def read_weights(community_id: int) -> WorkloadWeights:
    """Return what each thing weighs in a community."""
    with connect() as connection:
        return store.load_weights(connection, community_id)


def set_weights(community_id: int, seen: WorkloadWeights, wanted: WorkloadWeights) -> None:
    """Let things weigh something else in a community; the next look at its zones goes by it.

    Raises:
        InputRefused: a weight cannot be, or a category is unknown.
        Conflict: the weights are not those that were seen.
        Forbidden: whoever acts does not keep the duties of that community.
    """
    for name, weight in _list_weights(wanted).items():
        most = 1 if name == "elderly_share" else _MOST_WEIGHT
        if not (isfinite(weight) and 0 <= weight <= most):
            msg = f"the weight of {name} cannot be {weight:g}: choose a number from 0 to {most}"
            raise InputRefused(msg)
    with keep_to_keepers(), transaction() as connection:
        store.lock_weights(connection, community_id)
        unknown = sorted(wanted.categories.keys() - set(store.list_categories(connection)))
        if unknown:
            msg = f"there is no category {unknown[0]}: choose one of the list"
            raise InputRefused(msg)
        present = store.load_weights(connection, community_id)
        if present != seen:
            msg = "somebody else has changed what things weigh: look at it again"
            raise Conflict(msg)
        if wanted == present:
            return
        store.write_weights(connection, community_id, wanted)
        change = {"from": asdict(present), "to": asdict(wanted)}
        record_change(connection, "workload_changed", community_id, "community", community_id, change)


def _list_weights(weights: WorkloadWeights) -> dict[str, float]:
    own = {item.name: getattr(weights, item.name) for item in fields(weights) if item.name != "categories"}
    return {**own, **weights.categories}
