"""The heat map as MapLibre draws it: the ground of the zones' map, and over it the cells.

A cell's ``colour`` is in its state, painted by the page; which cells are marked, unknown or chosen, it says
by filtering the layers named below.
"""

from collections.abc import Mapping
from typing import Any, Final

from dashboard.maps import palette
from dashboard.maps.zoning import build_zone_style

MARK: Final = palette.TEXT
"""The outline of what is surely more than the people there explain."""

_BENEATH: Final = ("background", "areas", "way-edges", "ways", "communities", "compounds", "compound-edges")
_ABOVE: Final = ("labels-compounds", "labels-buildings")
_COLOUR: Final = ["to-color", ["coalesce", ["feature-state", "colour"], "rgba(0, 0, 0, 0)"]]
_OPACITY: Final = ["case", ["boolean", ["feature-state", "shaded"], False], 0.84, 0]

Layer = dict[str, Any]


def build_heat_style(urls: Mapping[str, str], cells_url: str) -> dict[str, Any]:
    """Return the style of the map.

    Args:
        urls: addresses of ground, outlines, buildings and names.
        cells_url: of the outlines of the cells, whose features have an ``id``.
    """
    town = build_zone_style(urls)
    known = {layer["id"]: layer for layer in town["layers"]}
    names = ("ground", "communities", "compounds", "buildings", "labels")
    sources = {name: town["sources"][name] for name in names}
    sources["cells"] = {"type": "geojson", "data": cells_url, "promoteId": "id"}
    return {
        "version": 8,
        "sources": sources,
        "layers": [
            *(known[name] for name in _BENEATH),
            _draw("buildings", "buildings", "fill", {"fill-color": palette.BUILDING}),
            # From afar a building is a speck; its halo lets the colour be seen.
            _draw(
                "cells-halo",
                "cells",
                "line",
                {
                    "line-color": _COLOUR,
                    "line-opacity": ["*", _OPACITY, 0.55],
                    "line-width": ["interpolate", ["linear"], ["zoom"], 12, 5, 15, 10, 18, 14],
                },
            ),
            _draw("cells", "cells", "fill", {"fill-color": _COLOUR, "fill-opacity": _OPACITY}),
            _draw(
                "cell-edges",
                "cells",
                "line",
                {"line-color": "#FFFFFF", "line-opacity": _OPACITY, "line-width": 0.8},
            ),
            _pick_out("unknown", "fill", {"fill-pattern": "hatch"}),
            _pick_out("unknown-edges", "line", {"line-color": palette.QUIET_TEXT, "line-width": 1}),
            _pick_out("hidden", "fill", {"fill-pattern": "dots"}),
            # Whatever the cells are, a building that nobody has looked at is seen.
            _pick_out("silent-ground", "fill", {"fill-color": palette.GROUND}, source="buildings"),
            _pick_out("silent", "fill", {"fill-pattern": "hatch"}, source="buildings"),
            _pick_out(
                "silent-edges",
                "line",
                {"line-color": palette.QUIET_TEXT, "line-width": 1.2},
                source="buildings",
            ),
            *(known[name] for name in _ABOVE),
            # No name may hide what is hot.
            _pick_out("marked-halo", "line", {"line-color": "#FFFFFF", "line-width": 4.6}),
            _pick_out("marked", "line", {"line-color": MARK, "line-width": 2.2}),
            _pick_out("chosen", "line", {"line-color": palette.ACCENT, "line-width": 3.5}),
        ],
    }


def _draw(name: str, source: str, kind: str, paint: Layer) -> Layer:
    return {"id": name, "type": kind, "source": source, "paint": paint}


def _pick_out(name: str, kind: str, paint: Layer, *, source: str = "cells") -> Layer:
    """Make a layer of some of the cells, or of the buildings; which, the page says."""
    return {
        **_draw(f"cells-{name}", source, kind, paint),
        "filter": ["in", ["get", "id"], ["literal", []]],
    }
