"""The folium map on which somebody shows a spot: our own ground, and a pin where it was clicked."""

from collections.abc import Mapping

import folium
from folium.template import Template

from dashboard.maps import palette
from dashboard.maps.drawing import build_ground_map


class _Pin(folium.MacroElement):
    """A ring where the map was clicked last; the click itself goes on to Python."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        const pinned = {{ this._parent.get_name() }};
        const ring = {radius: 9, color: {{ this.colour|tojson }}, weight: 4, fillOpacity: 0.2};
        const pin = L.circleMarker([0, 0], ring);
        pinned.on("click", ({latlng}) => pin.setLatLng(latlng).addTo(pinned));
        {% endmacro %}
        """
    )

    def __init__(self, colour: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Pin"
        self.colour = colour


def build_pin_map(urls: Mapping[str, str], box: tuple[float, float, float, float]) -> folium.Map:
    """Return a map to show a spot on.

    Args:
        urls: the GeoJSON addresses of ``ground``, ``communities``, ``compounds`` and ``buildings``.
        box: west, south, east, north in degrees; the map opens on it.
    """
    ground = build_ground_map(urls, box)
    ground.add_child(_Pin(palette.ACCENT))
    return ground
