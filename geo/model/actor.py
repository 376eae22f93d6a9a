"""Who acts: the account behind a page or a request, and what it was granted."""

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["secretary", "grid_worker", "leader", "property_company", "wall", "administrator"]
ROLES: Final[tuple[Role, ...]] = (
    "secretary",
    "grid_worker",
    "leader",
    "property_company",
    "wall",
    "administrator",
)
# Whose rows are others than those of the staff and their leaders.
_APART: Final = frozenset({"property_company", "wall"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody signed in under one grant; the database sees what this says, and shows accordingly.

    Attributes:
        account_id: the account; None for a visitor who has not signed in.
        role: what the grant makes of the account; None for such a visitor.
        community_ids: the communities the grant covers today, in ascending order.
        party_id: whom the account acts for: a worker's own party, a property company.
        grid_ids: the grids the grant is limited to; empty where it covers whole communities.
        name: what to call the account on a page.
        must_change_password: nothing else is open before that.
    """

    account_id: int | None
    role: Role | None
    community_ids: tuple[int, ...] = ()
    party_id: int | None = None
    grid_ids: tuple[int, ...] = ()
    name: str = ""
    must_change_password: bool = False

    @property
    def scope(self) -> tuple[object, ...]:
        """What shared map data depend on: actors of one scope may be given each other's cached answers."""
        whose = self.party_id if self.role == "property_company" else None
        return (self.role if self.role in _APART else None, self.community_ids, whose)


NOBODY: Final = Actor(account_id=None, role=None)
