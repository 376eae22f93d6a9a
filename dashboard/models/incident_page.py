"""What the parts of the page of cases share: who reads which community with which filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from dashboard.i18n import Text
from dashboard.models.absences import tell_away
from dashboard.models.incident_filters import Filters
from dashboard.models.incident_words import name_category
from geo.model.actor import Actor
from geo.rules.access import is_allowed
from geo.store.choices import AreaChoice, BuildingChoice, Category, PartyChoice
from geo.store.places import Community

WORKERS = frozenset({"secretary", "grid_worker"})


@dataclass(frozen=True)
class CasesPage:
    """One reader's page of one community.

    Attributes:
        categories: all there are, by code.
        parties: those who can be given a case.
        areas: grids and compounds to look into.
        buildings: along the way.
        views: the filters that the reader kept, as parameters by name.
        filters: as the address has them.
        private_words: words looked for that do not stand in the address.
    """

    text: Text
    actor: Actor
    community: Community
    today: date
    categories: Mapping[str, Category]
    parties: tuple[PartyChoice, ...]
    areas: tuple[AreaChoice, ...]
    buildings: tuple[BuildingChoice, ...]
    views: Mapping[str, dict[str, str]]
    filters: Filters
    private_words: str

    @property
    def can_report(self) -> bool:
        """Whether the reader takes cases in."""
        return self.actor.role in WORKERS

    @property
    def can_export(self) -> bool:
        """Whether the reader may take the list out."""
        return is_allowed(self.actor.role, "export")

    @cached_property
    def category_titles(self) -> dict[str, str]:
        """Every category as a list shows it: those of the second level moved in."""
        return {
            code: name_category(each, self.text)
            if each.parent_code is None
            else f"\u3000{name_category(each, self.text)}"
            for code, each in self.categories.items()
        }

    @cached_property
    def case_kinds(self) -> dict[str, str]:
        """The categories that a case is of: those of the second level."""
        return {
            code: name_category(each, self.text)
            for code, each in self.categories.items()
            if each.parent_code is not None
        }

    @cached_property
    def party_names(self) -> dict[int, str]:
        """Who can be given a case, by id."""
        return {party.id: party.name for party in self.parties}

    @cached_property
    def party_labels(self) -> dict[int, str]:
        """The same as a list offers them: of whoever is away it says so."""
        return {
            party.id: tell_away(party.name, party.back_on, self.text) if party.is_away else party.name
            for party in self.parties
        }

    @cached_property
    def public_names(self) -> tuple[str, ...]:
        """Names that may stand in an address of the page: of categories, compounds, grids and buildings."""
        return (
            *(name for each in self.categories.values() for name in (each.name, each.name_en)),
            *(area.name for area in self.areas),
            *(building.name for building in self.buildings),
        )

    def name_place(self, layer: str, place_id: int) -> str | None:
        """Return what a grid, compound or building is called; None where the community has no such."""
        if layer == "buildings":
            return next((each.name for each in self.buildings if each.id == place_id), None)
        return next((each.name for each in self.areas if (each.layer, each.id) == (layer, place_id)), None)
