"""What a new case would lead to, told before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.i18n import Text
from dashboard.models.incident_words import name_state
from geo.operations.deadlines import RouteAndDue
from geo.store.worklist import SimilarCase


@dataclass(frozen=True, slots=True)
class ChosenPlace:
    """Where a new case is, as far as it is known.

    Attributes:
        name: as a person would say it.
        longitude: EPSG:4490 degrees, with ``latitude``; None where only a compound is known.
        address: as it was typed.
        is_pointed_at: whether the point is the case's own, not merely the building's.
    """

    name: str | None = None
    building_id: int | None = None
    compound_id: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    address: str | None = None
    is_pointed_at: bool = False

    @property
    def point(self) -> tuple[float, float] | None:
        """Longitude and latitude, where both are known."""
        return None if self.longitude is None or self.latitude is None else (self.longitude, self.latitude)


def tell_route(chosen: RouteAndDue, names: Mapping[int, str], text: Text) -> str:
    """Return who would get the case, until when, and by which rule."""
    due = text("new.due", at=text.moment(chosen.due_at)) if chosen.due_at else text("case.no_limit")
    why = (
        text("why.no_rule")
        if chosen.duty_rule_id is None
        else (chosen.why.legal_basis or text("why.by_rule"))
    )
    name = names.get(chosen.party_id, text("leg.former"))
    return text.join([text("new.goes_to", name=name), due, why])


def tell_similar(case: SimilarCase, text: Text) -> str:
    """Return a case that may be the same, in a line."""
    return text.join(
        [
            f"#{case.id}",
            name_state(case.state, text),
            text.day(case.reported_at),
            text("new.away", metres=text.number(case.distance_m)),
        ]
    )
