"""The words no map goes without: its approval number (审图号), or that it is a sketch."""

from dashboard.i18n import Text
from geo.settings import get_settings


def write_map_notice(text: Text) -> str:
    """Write the notice of a map on the screen, in a picture, in a table and on paper.

    An installation whose maps have been approved says their number; all others are sketches.
    """
    number = get_settings().map_approval_number
    return text("map.approved", number=number) if number else text("map.notice")
