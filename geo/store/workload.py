"""What is counted in the buildings of a community, and what the community lets each count weigh."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.workload import USUAL_CATEGORY_WEIGHTS, BuildingCounts, WorkloadWeights
from geo.store.engine import load_queries

_USUAL: Final = WorkloadWeights()


@dataclass(frozen=True)
class Ground:
    """The buildings of a community on its ground.

    Attributes:
        building_ids: n, ascending.
        codes, names: n each.
        places: n × 2; a point in each building.
        compound_ids: n; 0 where a building stands in none.
        outline: the community.
        waters: rivers and lakes.

    Coordinates are EPSG:4490 degrees, longitude first.
    """

    building_ids: tuple[int, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    places: npt.NDArray[np.float64]
    compound_ids: npt.NDArray[np.int64]
    outline: shapely.Geometry
    waters: tuple[shapely.Geometry, ...]


def load_counts(
    connection: PostgresConnection, community_id: int, since: datetime, until: datetime
) -> tuple[BuildingCounts, Ground]:
    """Return what is counted in each building, and where the buildings stand.

    Incidents and merchants in no building count in the one nearest to them, whose holder is called first.

    Args:
        connection: an open transaction.
        community_id: whose buildings.
        since: the first moment from which incidents count.
        until: the moment before which they do.

    Raises:
        NotFound: there is no such community, or whoever asks does not see it.
    """
    queries = load_queries("workload")
    shapes = _load_shapes(connection, community_id)
    if not shapes["community"]:
        msg = f"there is no community {community_id}, or it is not yours to see"
        raise NotFound(msg)
    rows = list(queries.list_counts(connection, community_id=community_id))
    table = np.array([[value or 0 for value in row[3:]] for row in rows], np.float64).reshape(-1, 9)
    ids = tuple(int(row[0]) for row in rows)
    ground = Ground(
        building_ids=ids,
        codes=tuple(row[1] for row in rows),
        names=tuple(row[2] for row in rows),
        places=table[:, 0:2],
        compound_ids=table[:, 2].astype(np.int64),
        outline=shapes["community"][0],
        waters=tuple(shapes["water"]),
    )
    when = {"community_id": community_id, "since": since, "until": until}
    placed = list(queries.list_incidents(connection, **when))
    strays = list(queries.list_stray_incidents(connection, **when))
    parents = {code: parent for code, parent in queries.list_categories(connection) if parent}
    categories = tuple(sorted({code for _, code, _ in placed} | {code for code, _, _ in strays}))
    row_of = {building_id: row for row, building_id in enumerate(ids)}
    column_of = {code: column for column, code in enumerate(categories)}
    incidents = np.zeros((len(ids), len(categories)))
    merchants = table[:, 7].copy()
    for building_id, code, count in placed:
        incidents[row_of[building_id], column_of[code]] += count
    if ids:
        for row, (code, _, _) in zip(
            _find_nearest(ground, [stray[1:] for stray in strays]), strays, strict=True
        ):
            incidents[row, column_of[code]] += 1
        trading = list(queries.list_stray_merchants(connection, community_id=community_id))
        np.add.at(merchants, _find_nearest(ground, trading), 1)
    counts = BuildingCounts(
        building_ids=ids,
        households=table[:, 4],
        residents=table[:, 5],
        elderly=table[:, 6],
        merchants=merchants,
        chat_groups=table[:, 8],
        is_three_no=table[:, 3] > 0,
        incidents=incidents,
        categories=categories,
        parents=parents,
    )
    return counts, ground


def _load_shapes(connection: PostgresConnection, community_id: int) -> dict[str, list[shapely.Geometry]]:
    shapes: dict[str, list[shapely.Geometry]] = {"community": [], "water": []}
    for kind, shape in load_queries("workload").list_ground(connection, community_id=community_id):
        shapes[kind].append(shapely.from_wkb(bytes(shape)))
    return shapes


def _find_nearest(ground: Ground, places: list[tuple[float, float]]) -> npt.NDArray[np.int64]:
    """Find for each place the building nearest to it."""
    if not places:
        return np.empty(0, np.int64)
    # A degree of longitude is shorter than one of latitude.
    narrow = np.array([np.cos(np.radians(ground.places[:, 1].mean())), 1.0])
    tree = shapely.STRtree(shapely.points(ground.places * narrow))
    return np.asarray(tree.nearest(shapely.points(np.asarray(places) * narrow)), np.int64)


def load_weights(connection: PostgresConnection, community_id: int) -> WorkloadWeights:
    """Return what each count weighs in a community, the usual where it has set nothing else."""
    queries = load_queries("workload")
    own: dict[str, float] = dict(queries.list_weights(connection, community_id=community_id))
    by_category: dict[str, float] = dict(queries.list_category_weights(connection, community_id=community_id))
    return WorkloadWeights(**own, categories={**USUAL_CATEGORY_WEIGHTS, **by_category})


def list_categories(connection: PostgresConnection) -> list[str]:
    """Return the codes of all categories."""
    return [code for code, _ in load_queries("workload").list_categories(connection)]


def lock_weights(connection: PostgresConnection, community_id: int) -> None:
    """Wait until nobody else changes the weights of a community; hold until the transaction ends."""
    load_queries("workload").lock_weights(connection, community_id=community_id)


def write_weights(connection: PostgresConnection, community_id: int, weights: WorkloadWeights) -> None:
    """Keep what a community weighs otherwise than usual, and nothing else."""
    queries = load_queries("workload")
    queries.clear_weights(connection, community_id=community_id)
    queries.clear_category_weights(connection, community_id=community_id)
    for item, weight in _list_unusual(asdict(weights), asdict(_USUAL)).items():
        queries.put_weight(connection, community_id=community_id, item=item, weight=weight)
    for code, weight in _list_unusual(weights.categories, USUAL_CATEGORY_WEIGHTS).items():
        queries.put_category_weight(connection, community_id=community_id, category_code=code, weight=weight)


def _list_unusual(wanted: Mapping[str, float], usual: Mapping[str, float]) -> dict[str, float]:
    return {
        name: weight for name, weight in wanted.items() if name != "categories" and usual.get(name) != weight
    }
