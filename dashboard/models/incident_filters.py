"""Which cases the page lists, as it stands in the address: it can be refreshed, kept by name and sent on.

Nothing personal is ever put there: of the words looked for only those that are part of a category's or a
place's own name; the rest stays with the session.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal, cast, get_args
from zoneinfo import ZoneInfo

from dashboard.models.map_state import PlaceKey, format_place, parse_place
from geo.model.actor import Actor
from geo.model.incident import SOURCES
from geo.store.choices import Category
from geo.store.worklist import NEWEST_FIRST, Around, Asked, Marks, Sort, Status, Whose

Mark = Literal["relapse", "bounced", "whistled", "unheld"]

CHINA: Final = ZoneInfo("Asia/Shanghai")
WHOSE: Final[tuple[Whose, ...]] = get_args(Whose)
STATUSES: Final[tuple[Status, ...]] = ("open", "overdue", "amber", "settled", "all")
OPEN_STATES: Final = (
    "reported",
    "accepted",
    "registered",
    "dispatched",
    "returned",
    "handling",
    "suspended",
    "verifying",
)
SETTLED_STATES: Final = ("closed", "rated", "rejected", "voided")
SORTS: Final[tuple[Sort, ...]] = ("deadline", "place", "newest")
MARKS: Final[tuple[Mark, ...]] = get_args(Mark)
LIST_LAYERS: Final = ("grids", "compounds", "buildings")
TODAY: Final = "today"
BOUNCED: Final = 2
YEARS: Final = range(1950, 2200)
LONGEST_WORDS: Final = 40
MOST_WORDS: Final = 5
_RADII_M: Final = (20, 2000)
_DIGITS: Final = re.compile(r"\d{5}")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; the defaults are all open cases by due time.

    Attributes:
        status: one of :data:`STATUSES`, or a state of the workflow.
        categories: codes of either level.
        place: a grid, a compound or a building.
        mark: open cases that are relapses, were sent back twice, wait for those called, or that nobody has.
        due: the last day on which the cases are due; ``today`` stays true tomorrow.
        since: the first day of report, or a moment with its zone.
        until: the last day of report, or a moment before which it lies.
        words: what the cases say.
    """

    whose: Whose = "all"
    status: str = "open"
    categories: tuple[str, ...] = ()
    place: PlaceKey | None = None
    around: Around | None = None
    sources: tuple[str, ...] = ()
    mark: Mark | None = None
    due: str | None = None
    since: str | None = None
    until: str | None = None
    words: str = ""
    sort: Sort = "deadline"

    @property
    def has_one_order(self) -> bool:
        """Whether settled cases are among those asked for, which come the newest first whatever is chosen."""
        return self.status in NEWEST_FIRST or self.status in SETTLED_STATES


PARAMS: Final = (
    "who",
    "status",
    "category",
    "place",
    "around",
    "source",
    "mark",
    "due",
    "since",
    "until",
    "words",
    "sort",
)


def parse_filters(params: Mapping[str, str], known_codes: Collection[str]) -> tuple[Filters, tuple[str, ...]]:
    """Read the filters from query parameters.

    Returns:
        The filters, and the names of parameters that make no sense and count as not given.
    """
    given = {name: params[name].strip() for name in PARAMS if params.get(name, "").strip()}
    read: dict[str, Any] = {
        "whose": _pick(given.get("who"), WHOSE),
        "status": _pick(given.get("status"), (*STATUSES, *OPEN_STATES, *SETTLED_STATES)),
        "categories": _pick_all(given.get("category"), known_codes),
        "place": _read_place(given.get("place")),
        "around": parse_around(given.get("around", "")),
        "sources": _pick_all(given.get("source"), SOURCES),
        "mark": _pick(given.get("mark"), MARKS),
        "due": _read_day(given.get("due"), allow_today=True),
        "since": _read_moment(given.get("since")),
        "until": _read_moment(given.get("until")),
        "words": _read_words(given.get("words")),
        "sort": _pick(given.get("sort"), SORTS),
    }
    ignored = tuple(
        param for param, field in zip(PARAMS, read, strict=True) if param in given and not read[field]
    )
    return replace(Filters(), **{field: value for field, value in read.items() if value}), ignored


def format_filters(filters: Filters) -> dict[str, str | None]:
    """Write the filters as :func:`parse_filters` reads them; None for what need not be said."""
    usual = Filters()
    return {
        "who": None if filters.whose == usual.whose else filters.whose,
        "status": None if filters.status == usual.status else filters.status,
        "category": ",".join(filters.categories) or None,
        "place": format_place(filters.place),
        "around": format_around(filters.around) if filters.around else None,
        "source": ",".join(filters.sources) or None,
        "mark": filters.mark,
        "due": filters.due,
        "since": filters.since,
        "until": filters.until,
        "words": filters.words or None,
        "sort": None if filters.sort == usual.sort else filters.sort,
    }


def find_usual(actor: Actor) -> Filters:
    """Return what the page lists for somebody who asked for nothing: to a grid worker, what is his to do."""
    is_worker = actor.role == "grid_worker" and actor.party_id is not None
    return Filters(whose="mine") if is_worker else Filters()


def parse_address(
    params: Mapping[str, str], known_codes: Collection[str], actor: Actor
) -> tuple[Filters, tuple[str, ...]]:
    """Read the filters from the page's address as :func:`parse_filters` does; without any, what is usual."""
    if not any(params.get(name, "").strip() for name in PARAMS):
        return find_usual(actor), ()
    return parse_filters(params, known_codes)


def format_address(filters: Filters, actor: Actor) -> dict[str, str | None]:
    """Write the filters as :func:`parse_address` reads them.

    Only what is usual goes without saying: whatever else is in the address means the same to everybody.
    """
    written = format_filters(filters)
    if filters == find_usual(actor):
        return dict.fromkeys(written)
    return written if any(written.values()) else written | {"who": filters.whose}


def to_asked(
    filters: Filters, community_id: int, today: date, categories: Sequence[Category], extra_words: str = ""
) -> Asked:
    """Return what to ask the database: days as moments in China, first-level categories with those below.

    Args:
        filters: as they stand in the address.
        community_id: of which community.
        today: the day in China.
        categories: all there are.
        extra_words: words that must not stand in the address.
    """
    status, states = filters.status, cast("tuple[str, ...]", ())
    if status in OPEN_STATES:
        status, states = "open", (filters.status,)
    elif status in SETTLED_STATES:
        status, states = "settled", (filters.status,)
    due = today if filters.due == TODAY else filters.due and date.fromisoformat(filters.due)
    return Asked(
        community_id=community_id,
        whose=filters.whose,
        place=(filters.place.layer, filters.place.id) if filters.place else None,
        around=filters.around,
        categories=_expand(filters.categories, categories),
        status=cast("Status", status),
        states=states,
        sources=filters.sources,
        is_unheld=filters.mark == "unheld",
        due_before=_begin(due + timedelta(days=1)) if isinstance(due, date) else None,
        since=_to_moment(filters.since, days=0),
        until=_to_moment(filters.until, days=1),
        words=tuple(f"{filters.words} {extra_words}".split()[:MOST_WORDS]),
        sort=filters.sort,
    )


def pick_marked(filters: Filters, marks: Mapping[int, Marks]) -> tuple[int, ...] | None:
    """Return the open cases with the mark that is asked for, None where that needs no list of cases."""
    wanted = {
        "relapse": lambda each: each.is_relapse,
        "bounced": lambda each: each.bounces >= BOUNCED,
        "whistled": lambda each: each.is_whistled,
    }.get(filters.mark or "")
    if wanted is None and filters.status != "amber":
        return None
    return tuple(
        case
        for case, each in marks.items()
        if (wanted is None or wanted(each)) and (filters.status != "amber" or each.is_amber)
    )


def split_words(words: str, names: Collection[str]) -> tuple[str, str]:
    """Part words into those that may stand in the address and those that may not.

    A word may if some public name, of a category or a place, contains it and it is no long number.
    """
    harmless: list[str] = []
    private: list[str] = []
    for word in words[:LONGEST_WORDS].split()[:MOST_WORDS]:
        is_public = not _DIGITS.search(word) and any(word in name for name in names)
        (harmless if is_public else private).append(word)
    return " ".join(harmless), " ".join(private)


def parse_around(text: str) -> Around | None:
    """Read ``24.32100_109.41000_200``: latitude, longitude, metres."""
    try:
        latitude, longitude, radius_m = map(float, text.split("_"))
    except ValueError:
        return None
    is_place = 3 <= latitude <= 54 and 73 <= longitude <= 136 and math.isfinite(radius_m)
    return Around(longitude, latitude, min(max(radius_m, _RADII_M[0]), _RADII_M[1])) if is_place else None


def format_around(around: Around) -> str:
    """Write a circle to the metre."""
    return f"{around.latitude:.5f}_{around.longitude:.5f}_{around.radius_m:.0f}"


def _expand(codes: Sequence[str], categories: Sequence[Category]) -> tuple[str, ...]:
    return tuple(known.code for known in categories if known.code in codes or known.parent_code in codes)


def _pick(text: str | None, known: Collection[str]) -> str | None:
    return text if text in known else None


def _pick_all(text: str | None, known: Collection[str]) -> tuple[str, ...]:
    values = tuple(dict.fromkeys((text or "").split(",")))
    return values if all(value in known for value in values) else ()


def _read_place(text: str | None) -> PlaceKey | None:
    place = parse_place(text or "")
    return place if place and place.layer in LIST_LAYERS else None


def _read_day(text: str | None, *, allow_today: bool) -> str | None:
    if allow_today and text == TODAY:
        return text
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day.isoformat() if day.year in YEARS else None


def _read_moment(text: str | None) -> str | None:
    if (day := _read_day(text, allow_today=False)) is not None:
        return day
    try:
        # A plus sign that was not encoded arrives as a blank.
        given = datetime.fromisoformat((text or "").replace(" ", "+"))
        # PostgreSQL knows no zone as far off as Python does.
        moment = given.astimezone(CHINA) if given.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return moment.isoformat() if moment and moment.year in YEARS else None


def _read_words(text: str | None) -> str | None:
    return None if text is None or _DIGITS.search(text) or len(text) > LONGEST_WORDS or "\0" in text else text


def _to_moment(text: str | None, *, days: int) -> datetime | None:
    if text is None:
        return None
    if len(text) == len("2026-11-22"):
        return _begin(date.fromisoformat(text) + timedelta(days=days))
    return datetime.fromisoformat(text)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)
