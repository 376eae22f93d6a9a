"""What hangs on a wall: a community's figures, heat, coverage, three-no compounds, as visitors may see them.

Whoever has the address of a screen reads nothing himself; the server gathers all of it for every screen, as
somebody who sees facts without words. No person is in it, nothing sealed or sensitive, and no number of cases
at a place below the least that is told.
"""

import json
import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from cachetools import LRUCache

from geo.errors import NotFound
from geo.model.actor import Actor
from geo.model.coverage import CoverageGaps
from geo.operations.coverage import LAYERS, read_coverage_gaps
from geo.operations.heat import Answer, read_state
from geo.operations.heat_cases import Period
from geo.operations.heat_shared import find_quarters, measure_shared
from geo.operations.indicators import measure, read_tag
from geo.operations.snapshots import Snapshot, read_snapshot
from geo.rules.morning import find_day
from geo.settings import get_settings
from geo.store import wall as store
from geo.store.engine import acting_as, connect
from geo.store.features import find_features
from geo.store.places import list_communities
from geo.store.versions import read_common_tag
from geo.store.wall import LongOpen, ThreeNo

_SHOWN_LAYERS: Final = ("ground", "communities", "grids", "compounds", "buildings")
_MOST_FEATURES: Final = 3000
_MOST_GROUNDS: Final = 16
_LONGEST_SHOWN: Final = 3
_YEAR: Final = timedelta(days=365)
_QUARTER: Final = timedelta(days=91)


@dataclass(frozen=True, eq=False)
class Ground:
    """What is drawn beneath all pictures of a community: one object for each state of its places.

    Attributes:
        tag: equal tags, equal content.
        layers: GeoJSON in degrees, by layer.
    """

    tag: str
    layers: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Wall:
    """What a screen shows.

    Attributes:
        tag: equal tags, equal content: the state of the data, and the hour; empty where it lags behind them.
        code, name: of the community.
        today: the day in China.
        read_at: since when the data may have changed.
        least: fewer cases than this are told of no place.
        snapshot: the figures of the registry.
        heat: cases by grid in the last quarter that is over.
        gaps: what is not covered.
        three_no: the compounds, the most households first.
        longest: what has been open longest.
        loads: of the grid workers, the most loaded first; nothing where few people share the work.
        ground: what is drawn beneath.
    """

    tag: str
    code: str
    name: str
    today: date
    read_at: datetime
    least: int
    snapshot: Snapshot
    heat: Answer
    gaps: CoverageGaps
    three_no: tuple[ThreeNo, ...]
    longest: tuple[LongOpen, ...]
    loads: tuple[float, ...]
    ground: Ground


def read_wall_tag(community_id: int) -> str:
    """Return the tag that what a screen shows would have now; it costs next to nothing.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    now = datetime.now(UTC)
    with acting_as(_stand_in(community_id)), connect() as connection:
        tag = read_common_tag(connection, community_id, (*LAYERS, "ground"), find_day(now))
    # What is overdue grows by the hour, whatever is written.
    return f"{tag}-{now:%Y%m%d%H}"


def prepare_wall(community_id: int) -> None:
    """Count what is gathered from, as far as nobody has yet.

    Raises:
        NotFound: there is no such community.
        DatabaseUnavailable: the database does not answer.
    """
    with acting_as(_stand_in(community_id)):
        read_snapshot(community_id)


def gather_wall(community_id: int, *, is_hurried: bool = False) -> Wall:
    """Gather what a screen shows now.

    Args:
        community_id: whose.
        is_hurried: whether figures of what is over are left out where nobody has counted them yet.

    Raises:
        NotFound: there is no such community.
        DatabaseUnavailable: the database does not answer.
    """
    now = datetime.now(UTC)
    today = find_day(now)
    tag = read_wall_tag(community_id)
    least = get_settings().least_shown
    with acting_as(_stand_in(community_id)):
        community = next((one for one in list_communities() if one.id == community_id), None)
        if community is None:
            msg = f"there is no community {community_id} to show on a wall"
            raise NotFound(msg)
        figures_tag = read_tag(community_id)
        snapshot = read_snapshot(community_id, is_hurried=is_hurried)
        is_behind = snapshot.tag != figures_tag and snapshot.read_at < now
        state = read_state(community_id)
        heat = measure_shared(state, (), find_quarters(Period(today - _QUARTER, today), today))
        gaps = read_coverage_gaps(community_id)
        ground = _recall_ground(community_id, today)
        with connect() as connection:
            categories = store.list_categories(connection)
            three_no = store.list_three_no(connection, community_id, categories, least=least)
            longest = store.list_longest_open(
                connection, community_id, categories, since=now - _YEAR, least=least, most=_LONGEST_SHOWN
            )
        loads = _list_loads(community_id, snapshot, least)
    return Wall(
        # Older figures are shown while newer ones may not be counted yet, and are asked for again.
        tag=tag if snapshot.past_tag == snapshot.tag and not is_behind else "",
        code=community.code,
        name=community.name,
        today=today,
        read_at=snapshot.read_at if is_behind else now,
        least=least,
        snapshot=snapshot,
        heat=heat,
        gaps=gaps,
        three_no=three_no,
        longest=longest,
        loads=loads,
        ground=ground,
    )


def _stand_in(community_id: int) -> Actor:
    """Return who gathers: somebody who sees the facts of one community, and nobody's words."""
    return Actor(account_id=None, role="leader", community_ids=(community_id,))


def _list_loads(community_id: int, snapshot: Snapshot, least: int) -> tuple[float, ...]:
    measured = measure(community_id, snapshot.months[-1:], level="party", ids=["load_index"])
    loads = [value.amount for (value,) in measured.values["load_index"].values() if value.amount is not None]
    return tuple(round(load, 1) for load in sorted(loads, reverse=True)) if len(loads) >= least else ()


_guard: Final = threading.Lock()
_grounds: Final[LRUCache[Hashable, Ground]] = LRUCache(_MOST_GROUNDS)


def _recall_ground(community_id: int, today: date) -> Ground:
    """Return the ground of a community, read once for each state of its places: cases leave it as it is."""
    with connect() as connection:
        tag = read_common_tag(connection, community_id, _SHOWN_LAYERS, today)
        key = (connection.dsn, community_id)
    with _guard:
        known = _grounds.get(key)
    if known is None or known.tag != tag:
        # What changes while it is read is newer than its tag, and will be read again.
        known = Ground(
            tag,
            {
                layer: json.loads(
                    find_features(layer, community_id=community_id, on_day=today, most=_MOST_FEATURES)
                )
                for layer in _SHOWN_LAYERS
            },
        )
        with _guard:
            _grounds[key] = known
    return known
