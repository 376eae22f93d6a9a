"""Who owes which kind of work where: the rows of the duty matrix (权责清单) and what is asked of it."""

from dataclasses import dataclass
from enum import StrEnum

from geo.model.working_time import Allowance


class PlaceType(StrEnum):
    """The kinds of places the duty matrix tells apart: 物业小区, 三无小区, 街面, 商铺, 单位."""

    MANAGED_COMPOUND = "managed_compound"
    THREE_NO_COMPOUND = "three_no_compound"
    STREET = "street"
    MERCHANT = "merchant"
    UNIT = "unit"


class LeadKind(StrEnum):
    """Whether a rule names its lead, or means the property company of whichever compound it is."""

    PARTY = "party"
    COMPOUND_PROPERTY_COMPANY = "compound_property_company"


@dataclass(frozen=True, slots=True)
class DutyTerms:
    """What a row of the duty matrix says, whichever it is; attributes as of :class:`DutyRule`."""

    category_code: str | None
    place_type: PlaceType | None
    lead_kind: LeadKind
    lead_party_id: int | None
    supervisor_party_id: int | None
    helper_party_id: int | None
    deadline: Allowance | None
    legal_basis: str | None


@dataclass(frozen=True, slots=True)
class DutyRule:
    """One row of the duty matrix as it stands on a day.

    Attributes:
        id: of the row.
        position: rules are asked in this order, the first that fits is taken; 0 of one that was withdrawn.
        category_code: a category of either level, one of level 1 for all below it; None for every category.
        place_type: None for every place.
        lead_kind: how the lead is found.
        lead_party_id: the lead, where the rule names one.
        supervisor_party_id: who sees to it that it is done.
        helper_party_id: who helps.
        deadline: instead of the category's own; None leaves that.
        legal_basis: why it is their duty.
        is_lead_active: False where the named lead has left.
        is_supervisor_active: the same for the supervisor.
        is_helper_active: the same for the helper.
    """

    id: int
    position: int
    category_code: str | None = None
    place_type: PlaceType | None = None
    lead_kind: LeadKind = LeadKind.PARTY
    lead_party_id: int | None = None
    supervisor_party_id: int | None = None
    helper_party_id: int | None = None
    deadline: Allowance | None = None
    legal_basis: str | None = None
    is_lead_active: bool = True
    is_supervisor_active: bool = True
    is_helper_active: bool = True

    @property
    def terms(self) -> DutyTerms:
        """What the rule says, apart from where it stands and who has left since."""
        return DutyTerms(
            self.category_code,
            self.place_type,
            self.lead_kind,
            self.lead_party_id,
            self.supervisor_party_id,
            self.helper_party_id,
            self.deadline,
            self.legal_basis,
        )


class FallbackKind(StrEnum):
    """Who takes what no rule gives to anybody."""

    RESIDENTS_COMMITTEE = "residents_committee"
    SECRETARY = "secretary"


@dataclass(frozen=True, slots=True)
class Fallback:
    """The party that takes what no rule gives to anybody."""

    party_id: int
    kind: FallbackKind


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What is known of where an incident is.

    Attributes:
        is_at_merchant: it is at a merchant's premises.
        is_in_compound: it lies in a residential compound.
        is_three_no: that compound is a three-no compound by its reviewed facts.
        property_company_id: the company that manages the compound and has not left; None without.
        building_kind: of the building it is in; None outside.
        is_in_exclusive_grid: it lies in the grid of a mall, a school or a works (专属网格).
    """

    is_at_merchant: bool = False
    is_in_compound: bool = False
    is_three_no: bool = False
    property_company_id: int | None = None
    building_kind: str | None = None
    is_in_exclusive_grid: bool = False
