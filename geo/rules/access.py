"""Who may open what: the one table of roles and resources, for pages, routes and the guide.

Which rows are seen there is the database's decision; which moves a case allows is ``geo.rules.workflow``'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from geo.model.actor import ROLES, Role

_EVERYBODY: Final = frozenset(ROLES) - {"wall"}
_STAFF: Final[frozenset[Role]] = frozenset({"secretary", "grid_worker", "leader", "administrator"})


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that can be opened.

    Attributes:
        kind: a page in the browser, a route beside the pages, or an act that a page offers.
        roles: who may.
        path: where it is; of a route everything below it too. None for an act.
    """

    kind: Literal["page", "route", "act"]
    roles: frozenset[Role]
    path: str | None = None


RESOURCES: Final[Mapping[str, Resource]] = {
    # Pages in the order of the navigation.
    "morning": Resource("page", frozenset({"secretary", "leader"}), "/morning"),
    "incidents": Resource("page", _STAFF | {"property_company"}, "/incidents"),
    # What people complain of, a month against others.
    "month": Resource("page", frozenset({"secretary", "leader"}), "/month"),
    # What was closed and came back.
    "relapse": Resource("page", frozenset({"secretary", "grid_worker", "leader"}), "/relapse"),
    # The registry of figures; to a property company its own pack.
    "figures": Resource(
        "page", frozenset({"secretary", "leader", "administrator", "property_company"}), "/figures"
    ),
    "map": Resource("page", _STAFF | {"property_company"}, "/map"),
    "heat": Resource("page", frozenset({"secretary", "grid_worker", "leader"}), "/heat"),
    # What is to be looked at today, and what a month of it came to.
    "inspections": Resource("page", frozenset({"secretary", "grid_worker", "leader"}), "/inspections"),
    # How far grids, people and visits reach, and what they do not.
    "coverage": Resource("page", frozenset({"secretary", "leader", "administrator"}), "/coverage"),
    "draw": Resource("page", _STAFF, "/draw"),
    "zones": Resource("page", _STAFF | {"property_company"}, "/zones"),
    "duties": Resource("page", _STAFF, "/duties"),
    # Files brought in, and taken back.
    "imports": Resource("page", frozenset({"secretary", "administrator"}), "/imports"),
    # What no address could place, to be placed by whoever knows.
    "unplaced": Resource("page", frozenset({"secretary", "grid_worker", "administrator"}), "/unplaced"),
    # All that is open to whatever hangs on a wall.
    "wall": Resource("route", frozenset({"wall", "secretary", "leader", "administrator"}), "/wall"),
    "features": Resource("route", _EVERYBODY, "/features"),
    "tiles": Resource("route", _EVERYBODY, "/tiles"),
    # Numbers of cases by place, of nothing sensitive.
    "patterns": Resource("route", frozenset({"secretary", "grid_worker", "leader"}), "/patterns"),
    # Faces and doors: for those who work on the case. Which case, the database says.
    "photos": Resource("route", frozenset({"secretary", "grid_worker", "property_company"}), "/photos"),
    "print_morning": Resource("route", frozenset({"secretary", "leader"}), "/print/morning"),
    "print_month": Resource("route", frozenset({"secretary", "leader"}), "/print/month"),
    "print_relapse": Resource("route", frozenset({"secretary", "leader"}), "/print/relapse"),
    "print_pack": Resource("route", frozenset({"secretary", "leader", "property_company"}), "/print/pack"),
    "print_cases": Resource("route", _STAFF | {"property_company"}, "/print/cases"),
    "print_hand_over": Resource("route", frozenset({"secretary", "grid_worker"}), "/print/hand-over"),
    "print_zones": Resource("route", _STAFF, "/print/zones"),
    "metrics": Resource("route", frozenset({"administrator"}), "/metrics"),
    # Duty rules, working time and clocks, the weights of the score.
    "keep_duties": Resource("act", frozenset({"secretary", "administrator"})),
    # Drafts of zone plans, and their publication.
    "edit_zones": Resource("act", frozenset({"secretary"})),
    # To say that a place was looked at.
    "inspect": Resource("act", frozenset({"secretary", "grid_worker"})),
    # Who is away, who stands in, who leaves.
    "keep_absences": Resource("act", frozenset({"secretary"})),
    # To bring files in, and to take them back.
    "import": Resource("act", frozenset({"secretary", "administrator"})),
    "export": Resource("act", frozenset({"secretary", "grid_worker", "leader"})),
    # Whole layers as files.
    "export_layers": Resource("act", frozenset({"secretary", "leader", "administrator"})),
}
"""The matrix; whatever else the server answers is open to everybody who has signed in, a wall apart."""

_FIRST_PAGE: Final[Mapping[Role, str]] = {
    "secretary": "morning",
    "grid_worker": "incidents",
    "leader": "morning",
    "property_company": "incidents",
    "administrator": "map",
}


def is_allowed(role: Role | None, resource: str) -> bool:
    """Whether a role may open a resource; nobody has no role and may open none.

    Raises:
        KeyError: the table does not know the resource.
    """
    return role in RESOURCES[resource].roles


def list_pages(role: Role | None) -> tuple[str, ...]:
    """Return the pages of a role: the one it begins with first, the others in the table's order."""
    pages = [
        name for name, resource in RESOURCES.items() if resource.kind == "page" and role in resource.roles
    ]
    return tuple(sorted(pages, key=lambda name: role is None or name != _FIRST_PAGE[role]))


def may_reach(role: Role | None, path: str) -> bool:
    """Whether whoever has signed in as a role may be answered at a path; what a page holds it says itself."""
    route = find_route(path)
    if route is None:
        # Neither a page nor what belongs to one: a screen that anybody may touch has no business there.
        return role != "wall"
    return is_allowed(role, route)


def find_route(path: str) -> str | None:
    """Return the resource of the route that answers a path; None where the table knows none."""
    for name, resource in RESOURCES.items():
        if resource.kind == "route" and (path == resource.path or path.startswith(f"{resource.path}/")):
            return name
    return None


def write_matrix() -> str:
    """Write the table as Markdown, as the guide prints it."""
    lines = [f"| | {' | '.join(role.replace('_', ' ') for role in ROLES)} |", "|---" * (len(ROLES) + 1) + "|"]
    for name, resource in RESOURCES.items():
        title = f"{resource.kind} `{resource.path}`" if resource.path else f"{resource.kind} {name}"
        marks = " | ".join("●" if role in resource.roles else "" for role in ROLES)
        lines.append(f"| {title} | {marks} |")
    return "\n".join(lines)
