"""The colours of the maps, by the role they play; the theme in ``streamlit_config`` uses the same."""

from typing import Final

GROUND: Final = "#F5F7F9"
WATER: Final = "#CFE3EE"
GREEN: Final = "#E1ECDD"
SQUARE: Final = "#ECEEF0"
ROAD: Final = "#FFFFFF"
ROAD_EDGE: Final = "#DDE2E7"
RAIL: Final = "#B9C0C7"
COMPOUND: Final = "#E9EDF0"
BUILDING: Final = "#D3D9DF"
OUTLINE: Final = "#AEB7C0"
TEXT: Final = "#1F2933"
QUIET_TEXT: Final = "#52606D"
ACCENT: Final = "#0B6E99"
THREE_NO: Final = "#8E3B8A"
MERCHANT: Final = "#7B8794"
OPEN: Final = "#1F2933"
IN_TIME: Final = "#2E8B6F"
AMBER: Final = "#D98E04"
OVERDUE: Final = "#C8402F"
UNKNOWN: Final = "#8A94A0"

# How dark the accent lies over a zone, from one with nothing open to one with the most.
LOAD_OPACITIES: Final = (0.06, 0.18, 0.34, 0.52, 0.72)

# Light to dark, even to the eye and to the colour-blind (cividis).
HEAT: Final = ("#FEE838", "#C3B05F", "#8F8975", "#61646F", "#2F476B", "#00224E")
# Not hot, perhaps, hot; of the same ramp.
SURENESS: Final = ("#F3EBC2", "#C3B05F", "#00224E")
# Nothing, new, growing, persistent, fading, sporadic: told apart by the colour-blind too.
PATTERNS: Final = ("#ECEEF0", "#D55E00", "#F0A22E", "#00224E", "#7FA7C9", "#B59DC4")
# Much less, less, as much, more, much more: blue – white – orange.
CHANGE: Final = ("#2166AC", "#92C5DE", "#FFFFFF", "#FDB863", "#C75A00")


def rgba(colour: str, opacity: float = 1) -> list[int]:
    """Return ``#RRGGBB`` as deck.gl takes it: four numbers from 0 to 255."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)] + [round(255 * opacity)]
