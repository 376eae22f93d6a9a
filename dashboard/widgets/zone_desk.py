"""What the reader of the zone editor has in hand: buildings, the zone that is open, what was refused."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from geo.errors import WanggeError
from geo.model.zone import Plan

_KEY: Final = "zone_desk"


@dataclass
class Desk:
    """What the reader has in hand.

    Attributes:
        picked: buildings.
        chosen: the zone that is open.
        heard: the number of the last step of the hand that was taken.
        order: rises whenever the page, not the hand, picks buildings.
        flies: whether the map then goes there.
        seen_revision: of the plan as it was last shown.
        refusal: why the last wish was not granted.
    """

    picked: tuple[int, ...] = ()
    chosen: int | None = None
    heard: int = 0
    order: int = 0
    flies: bool = False
    seen_revision: int = 0
    refusal: str | None = None

    def hold(self, building_ids: Collection[int]) -> None:
        """Have buildings in hand that the hand has picked itself."""
        self.picked = tuple(sorted(building_ids))

    def pick(self, building_ids: Collection[int], *, flies: bool = False) -> None:
        """Pick buildings in place of those that were."""
        self.hold(building_ids)
        self.order += 1
        self.flies = flies

    def attempt(self, text: Text, act: Callable[[], object]) -> bool:
        """Do something, and keep why it was refused if it was; return whether it was done."""
        try:
            done = act()
        except WanggeError as refusal:
            self.refusal = tell_refusal(refusal, text)
            return False
        # One's own step counts as seen before it is drawn; what others did before it does not.
        if isinstance(done, Plan) and done.head.revision == self.seen_revision + 1:
            self.seen_revision = done.head.revision
        return True


def open_desk(plan_id: int) -> Desk:
    """Return what the reader has in hand for a plan; another plan begins with empty hands."""
    kept = st.session_state.get(_KEY)
    if kept is None or kept[0] != plan_id:
        kept = (plan_id, Desk())
        st.session_state[_KEY] = kept
    desk: Desk = kept[1]
    return desk
