"""The figures that pages keep: counted once for all readers, and those of long counting not again at once.

Figures are the same for everybody who may read them, which is asked anew each time; what differs by reader,
as the lines of the cases behind a figure, is not kept here.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

import streamlit as st

from dashboard.models.figure_state import FigureState, Spans
from dashboard.models.figures_page import list_case_ids, list_ids
from geo.model.indicator import WHOLE, Level
from geo.operations import indicators
from geo.operations.indicators import Measured
from geo.operations.packs import Pack, choose_companies, gather_packs
from geo.operations.snapshots import Snapshot, read_snapshot
from geo.rules.morning import find_day
from geo.rules.periods import Period, find_month
from geo.store.engine import get_actor
from geo.store.versions import list_layer_tags
from geo.store.worklist import Asked, Case, list_cases

MOST_LISTED: Final = 40
_MOST_ASKED: Final = 1000
_KEPT_S: Final = 3600
# As the snapshot: what took long to count is counted again only after so many times as long.
_PATIENCE: Final = 20
_Answer = TypeVar("_Answer")


def read_figures(community_id: int, state: FigureState, spans: Spans) -> Measured:
    """Return the figures of a page; those of the running month are the snapshot's, as on every screen.

    Raises:
        NotFound: the figures are not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    return _read(community_id, spans, state.level, list_ids(state))


def read_month_figures(community_id: int, spans: Spans) -> Measured:
    """Return the figures of a month's cases and of what it is compared with, as ``read_figures``."""
    return _read(community_id, replace(spans, line=()), "community", list_case_ids())


def _read(community_id: int, spans: Spans, level: Level, ids: tuple[str, ...]) -> Measured:
    periods = spans.list_all()
    if level == "community" and spans.now == find_month(find_day(datetime.now(UTC))):
        snapshot = read_snapshot(community_id)
        # As a month turns, one of the two may be an hour ahead.
        if {*periods} <= {*snapshot.months, snapshot.before, snapshot.year_before}:
            return _take(snapshot, periods, ids)
    keeper: _Keeper[Measured] = _find_keeper("figures", community_id, periods, level, ids)
    return keeper.read(
        indicators.read_tag(community_id),
        lambda: indicators.measure(community_id, periods, level=level, ids=ids),
    )


def list_figure_cases(community_id: int, state: FigureState, now: datetime) -> tuple[list[Case], int]:
    """Return the newest cases of the figure that is open, as the reader may see them, and how many there are.

    Raises:
        InputRefused: the figure is not given by the level.
        NotFound: the figures are not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    figure = state.figure or ""
    keeper: _Keeper[list[int]] = _find_keeper(
        "cases", community_id, (state.period,), state.level, (figure, state.key, state.part)
    )
    ids = keeper.read(
        indicators.read_tag(community_id),
        lambda: indicators.list_indicator_cases(
            community_id, figure, state.period, level=state.level, key=state.key, part=state.part
        ),
    )
    if not ids:
        return [], 0
    asked = Asked(community_id=community_id, status="all")
    # What was reported late has a high number: among the last are the newest.
    return list(list_cases(asked, now, most=MOST_LISTED, ids=ids[-_MOST_ASKED:]).cases), len(ids)


def read_packs(community_id: int, quarter: Period, company_ids: Sequence[int] | None) -> list[Pack]:
    """Return packs as whoever acts may see them, as :func:`geo.operations.packs.gather_packs`.

    Those of all companies are counted together, once for all who may see them all.
    """
    wanted = {company.id for company in choose_companies(community_id, company_ids)}
    actor = get_actor()
    alone = actor.party_id if actor is not None and actor.role == "property_company" else None
    now = datetime.now(UTC)
    tags = list_layer_tags(community_id, find_day(now))
    keeper: _Keeper[list[Pack]] = _find_keeper("packs", community_id, quarter, alone)
    packs = keeper.read(
        f"{now:%Y%m%d%H} {tags['incidents']} {tags['compounds']} {tags['buildings']}",
        lambda: gather_packs(community_id, quarter, None, now),
    )
    return [pack for pack in packs if pack.company.id in wanted]


def _take(snapshot: Snapshot, periods: tuple[Period, ...], ids: tuple[str, ...]) -> Measured:
    then = {snapshot.before: 0, snapshot.year_before: 1}
    at = {month: number for number, month in enumerate(snapshot.months)}
    return Measured(
        tag=snapshot.tag,
        as_of=snapshot.as_of,
        periods=periods,
        names={WHOLE: ""},
        values={
            id_: {
                WHOLE: tuple(
                    snapshot.series[id_][at[period]] if period in at else snapshot.then[id_][then[period]]
                    for period in periods
                )
            }
            for id_ in ids
        },
    )


class _Keeper(Generic[_Answer]):
    """One question, its last answer, and for how long that is good enough."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: list[tuple[str, float, _Answer]] = []

    def read(self, tag: str, count: Callable[[], _Answer]) -> _Answer:
        """Return the answer of a state of the data; that of an earlier one where counting takes long."""
        with self._lock:
            for known, good_until_s, answer in self._answers:
                if known == tag or time.monotonic() < good_until_s:
                    return answer
            began_s = time.monotonic()
            answer = count()
            ended_s = time.monotonic()
            self._answers = [(tag, ended_s + _PATIENCE * (ended_s - began_s), answer)]
            return answer


@st.cache_resource(ttl=_KEPT_S, max_entries=300, show_spinner=False)
def _find_keeper(*question: object) -> Any:  # noqa: ARG001 - what is asked is the key
    return _Keeper()
