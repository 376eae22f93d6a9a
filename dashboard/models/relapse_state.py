"""What the relapse page shows, as it stands in its address: nothing personal is ever put there."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.models.relapse_curve import ALL
from dashboard.models.relapse_rates import BYS, By
from geo.model.actor import Role


@dataclass(frozen=True, slots=True)
class RelapseState:
    """What is asked for.

    Attributes:
        spot: key of the place that is open, as :func:`dashboard.models.relapse.write_key` writes it.
        campaign: id of the campaign that is open.
        by: what rates are grouped by.
        curve: the category or group whose curve is drawn.
        is_shared: whether others look at the screen.
        hides_few: whether what is told of few cases is left out: to a leader always, and where others
            look on.
    """

    spot: str | None = None
    campaign: int | None = None
    by: By = "categories"
    curve: str = ALL
    is_shared: bool = False
    hides_few: bool = False


def list_ignored(params: Mapping[str, str], state: RelapseState) -> tuple[str, ...]:
    """Return the query parameters that make no sense, by the state that was read from them."""
    read = {"by": state.by, "campaign": str(state.campaign or "")}
    return tuple(name for name, value in read.items() if params.get(name, "") not in {"", value})


def parse_relapse_state(params: Mapping[str, str], role: Role | None) -> RelapseState:
    """Read the state from query parameters; what makes no sense counts as not given."""
    campaign = params.get("campaign", "")
    is_shared = params.get("shared") == "1"
    return RelapseState(
        spot=params.get("spot") or None,
        campaign=int(campaign) if campaign.isascii() and campaign.isdigit() and len(campaign) < 19 else None,
        by=next((by for by in BYS if by == params.get("by")), "categories"),
        curve=params.get("curve", ALL),
        is_shared=is_shared,
        hides_few=is_shared or role == "leader",
    )
