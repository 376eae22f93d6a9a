"""What is due in a cycle of inspections, in which order to walk, and what a month of them comes to.

A cycle that runs is nobody's failure yet: it enters neither the completion nor the score. A template of which
no cycle is over weighs nothing, and its weight falls to the others.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from geo.errors import InputRefused
from geo.model.inspection import Cadence, InspectedPlace, Look, Subject, Template
from geo.model.zone import ZoneKind
from geo.rules.periods import Period, find_period

Holders = Mapping[tuple[date, ZoneKind, int], int]
"""Who held a building on a day by the plan of a kind: (day, kind, building) to party."""

MOST_TEMPLATES: Final = 20
_MOST_ITEMS: Final = 20
_LONGEST_NAME: Final = 40
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class DueList:
    """What one template still asks for in the cycle that runs.

    Attributes:
        cycle: the day, week or month; None on a day on which nothing is asked.
        places: those not looked at yet, in the order of a walk.
        done: how many were looked at, of ``total``.
    """

    template: Template
    cycle: Period | None
    places: tuple[InspectedPlace, ...]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Completion:
    """How far what was due was done: ``done`` of ``due`` looks."""

    done: int = 0
    due: int = 0

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing was due."""
        return self.done / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class MonthOfInspections:
    """A month's inspections.

    Attributes:
        month: which.
        templates: those asked for.
        of_templates: one for each template, of the cycles that are over.
        running: one for each template, of the cycle that is not over; None where there is none.
        of_parties: by party, one for each template, of the cycles that are over; None is what nobody held.
        score: of 100; None where no cycle is over.
    """

    month: Period
    templates: tuple[Template, ...]
    of_templates: tuple[Completion, ...]
    running: tuple[Completion | None, ...]
    of_parties: Mapping[int | None, tuple[Completion, ...]]
    score: float | None


def find_cycles(cadence: Cadence, month: Period, is_workday: Callable[[date], bool]) -> tuple[Period, ...]:
    """Return the cycles of a month: its working days, the weeks that begin in it, or itself."""
    days = [month.first + timedelta(days=n) for n in range(month.days)]
    if cadence == "day":
        return tuple(find_period("day", day) for day in days if is_workday(day))
    if cadence == "week":
        return tuple(find_period("week", day) for day in days if day.weekday() == 0)
    return (month,)


def find_running(cadence: Cadence, day: date, is_workday: Callable[[date], bool]) -> Period | None:
    """Return the cycle a day is in; None on a day that is not worked, where every working day is one."""
    if cadence == "day" and not is_workday(day):
        return None
    return find_period(cadence, day)


def find_keeper(place: InspectedPlace, kind: ZoneKind, day: date, holders: Holders) -> int | None:
    """Return who answers for a place on a day: whoever holds most of its households, None for nobody."""
    shares: Counter[int] = Counter()
    for building_id, households in place.buildings:
        party = holders.get((day, kind, building_id))
        if party is not None:
            # A building without households counts too, if for less.
            shares[party] += 2 * households + 1
    return min(shares, key=lambda party: (-shares[party], party)) if shares else None


def list_due(
    template: Template,
    cycle: Period | None,
    places: Collection[InspectedPlace],
    looks: Collection[Look],
) -> DueList:
    """Return what is not looked at yet in a cycle."""
    if cycle is None:
        return DueList(template, None, (), 0, 0)
    seen = _find_seen(looks, template.subject, cycle)
    left = [place for place in places if place.id not in seen]
    return DueList(template, cycle, order_walk(left), len(places) - len(left), len(places))


def count_due(
    templates: Collection[Template],
    places: Mapping[Subject, Collection[InspectedPlace]],
    looks: Collection[Look],
    holders: Holders,
    day: date,
    is_workday: Callable[[date], bool],
) -> Counter[int]:
    """Return how many looks each party still owed on the evening of a day, in the cycles that ran then.

    Args:
        templates: of the community; those that are off are left out.
        places: by subject.
        looks: of those cycles; later ones had not been.
        holders: on that day.
        day: which.
        is_workday: whether a day is worked.
    """
    owed: Counter[int] = Counter()
    for template in templates:
        cycle = find_running(template.cadence, day, is_workday) if template.is_on else None
        if cycle is None:
            continue
        seen = _find_seen(looks, template.subject, Period(cycle.first, day + timedelta(days=1)))
        for place in places[template.subject]:
            party = None if place.id in seen else find_keeper(place, template.zone_kind, day, holders)
            if party is not None:
                owed[party] += 1
    return owed


def order_walk(places: Sequence[InspectedPlace]) -> tuple[InspectedPlace, ...]:
    """Order places as they are walked: from the westernmost on, each time to the nearest one left."""
    left = sorted(places, key=lambda place: (place.longitude, place.id))
    walk = left[:1]
    del left[:1]
    while left:
        here = walk[-1]
        # Degrees do for who is nearest: at 30° north one of longitude is 0.87 of one of latitude.
        nearest = min(
            left,
            key=lambda place: (
                (0.87 * (place.longitude - here.longitude)) ** 2 + (place.latitude - here.latitude) ** 2
            ),
        )
        left.remove(nearest)
        walk.append(nearest)
    return tuple(walk)


def sum_month(
    month: Period,
    templates: Sequence[Template],
    places: Mapping[Subject, Sequence[InspectedPlace]],
    looks: Collection[Look],
    holders: Holders,
    *,
    today: date,
    is_workday: Callable[[date], bool],
) -> MonthOfInspections:
    """Return what a month of inspections comes to.

    Args:
        month: which.
        templates: of the community; those that are off are left out.
        places: by subject, as they are today.
        looks: of all the month's cycles.
        holders: on the last day of every cycle that is over.
        today: the day in China; a cycle that includes it runs.
        is_workday: whether a day is worked.
    """
    asked = tuple(template for template in templates if template.is_on)
    of_parties: defaultdict[int | None, list[Completion]] = defaultdict(lambda: [Completion() for _ in asked])
    of_templates, running = [], []
    for number, template in enumerate(asked):
        whole, open_one = Completion(), None
        for cycle in find_cycles(template.cadence, month, is_workday):
            seen = _find_seen(looks, template.subject, cycle)
            if cycle.first > today:
                break
            if cycle.end > today:
                here = places[template.subject]
                open_one = Completion(sum(place.id in seen for place in here), len(here))
                continue
            for place in places[template.subject]:
                look = Completion(int(place.id in seen), 1)
                last_day = cycle.end - timedelta(days=1)
                party = find_keeper(place, template.zone_kind, last_day, holders)
                whole = _add(whole, look)
                of_parties[party][number] = _add(of_parties[party][number], look)
        of_templates.append(whole)
        running.append(open_one)
    return MonthOfInspections(
        month=month,
        templates=asked,
        of_templates=tuple(of_templates),
        running=tuple(running),
        of_parties={party: tuple(row) for party, row in of_parties.items()},
        score=score_month(asked, of_templates),
    )


def score_month(templates: Sequence[Template], completions: Sequence[Completion]) -> float | None:
    """Return the month's score of 100: what was done of what was due, weighed by template."""
    weighed = [
        (template.weight, completion.share)
        for template, completion in zip(templates, completions, strict=True)
        if template.weight and completion.share is not None
    ]
    total = sum(weight for weight, _ in weighed)
    return _WHOLE * sum(weight * share for weight, share in weighed) / total if total else None


def verify_templates(templates: Sequence[Template]) -> None:
    """Refuse templates that make no sense together.

    Raises:
        InputRefused: there is none or there are too many, one has no name or another's, or too many items,
            or nothing has a weight.
    """
    if not 1 <= len(templates) <= MOST_TEMPLATES:
        msg = "keep at least one inspection, and no more than 20"
        raise InputRefused(msg)
    names = [template.name.strip() for template in templates]
    for name, template in zip(names, templates, strict=True):
        if not 1 <= len(name) <= _LONGEST_NAME:
            msg = "an inspection has a name of at most 40 characters"
            raise InputRefused(msg)
        if names.count(name) > 1:
            msg = f"two inspections are called {name}: give one of them another name"
            raise InputRefused(msg)
        if len(template.items) > _MOST_ITEMS:
            msg = f"{name} has more than 20 things to look at: make two inspections of it"
            raise InputRefused(msg)
        if not 0 <= template.weight <= _WHOLE:
            msg = f"the weight of {name} is out of its range: give a number from 0 to 100"
            raise InputRefused(msg)
    if not any(template.weight for template in templates if template.is_on):
        msg = "no inspection has a weight, so that there is no score: give at least one of them some"
        raise InputRefused(msg)


def _find_seen(looks: Collection[Look], subject: Subject, cycle: Period) -> set[int]:
    return {
        look.place_id for look in looks if look.subject == subject and cycle.first <= look.day < cycle.end
    }


def _add(one: Completion, other: Completion) -> Completion:
    return Completion(one.done + other.done, one.due + other.due)
