"""What the pages of coverage and inspection keep: the same for all who may read it, asked anew each time."""

from datetime import datetime
from typing import Any, Final

import streamlit as st

from geo.model.coverage import CoverageGaps
from geo.operations import indicators
from geo.operations.coverage import read_coverage_gaps

_KEPT_S: Final = 3600


def read_gaps(community_id: int, now: datetime) -> CoverageGaps:
    """Return what is not covered in a community, found once for each state of its data.

    Raises:
        NotFound: it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    # Says who may read it, and changes with the data and the hour.
    tag = indicators.read_tag(community_id)
    found: CoverageGaps = _read_gaps(community_id, tag, _now=now)
    return found


@st.cache_resource(ttl=_KEPT_S, max_entries=100, show_spinner=False)
def _read_gaps(community_id: int, tag: str, _now: datetime) -> Any:  # noqa: ARG001
    return read_coverage_gaps(community_id, _now)
