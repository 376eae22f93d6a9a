"""The folium map on which an area is drawn: our own ground by address, and assets from ``/vendor``."""

from collections.abc import Mapping, Sequence
from typing import Any

import folium
from folium.plugins import Draw
from folium.template import Template

from dashboard.maps import palette
from dashboard.routes.vendor import vendor_url

_POLYGON_ONLY = dict.fromkeys(("polyline", "rectangle", "circle", "marker", "circlemarker"), False)


class _Ground(folium.MacroElement):
    """GeoJSON that the browser fetches itself, drawn in order, never in the pointer's way; a scale bar."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        const map = {{ this._parent.get_name() }};
        L.control.scale({imperial: false}).addTo(map);
        const paint = {{ this.paint|tojson }};
        const stylePlace = ({properties: place, geometry}) => {
            const style = paint[place.is_three_no ? "three_no" : place.kind] ?? paint[place.layer];
            const isLine = geometry.type.endsWith("LineString");
            return isLine ? {...style, fill: false, weight: Math.max(1.5, (place.width_m ?? 4) / 4)} : style;
        };
        const answers = {{ this.urls|tojson }}.map((url) => fetch(url).then((answer) => answer.json()));
        Promise.all(answers).then((layers) => {
            for (const layer of layers) {
                L.geoJSON(layer, {interactive: false, style: stylePlace}).addTo(map);
            }
        });
        {% endmacro %}
        """
    )

    def __init__(self, urls: Sequence[str], paint: Mapping[str, Mapping[str, object]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Ground"
        self.urls = list(urls)
        self.paint = paint


class _DrawWords(folium.MacroElement):
    """The words of Leaflet.draw in the reader's language; goes before the tool itself."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (function merge(target, words) {
            for (const [key, word] of Object.entries(words)) {
                if (typeof word === "object") merge(target[key], word); else target[key] = word;
            }
        })(L.drawLocal, {{ this.words|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, words: Mapping[str, object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "DrawWords"
        self.words = words


# The lists are mutable because folium's are; nothing changes them.
class _VendoredMap(folium.Map):
    default_js = [("leaflet", vendor_url("leaflet", "leaflet.js"))]  # noqa: RUF012
    default_css = [("leaflet_css", vendor_url("leaflet", "leaflet.css"))]  # noqa: RUF012


class _VendoredDraw(Draw):
    default_js = [("leaflet_draw_js", vendor_url("leaflet-draw", "leaflet.draw.js"))]  # noqa: RUF012
    default_css = [("leaflet_draw_css", vendor_url("leaflet-draw", "leaflet.draw.css"))]  # noqa: RUF012


def build_ground_map(urls: Mapping[str, str], box: tuple[float, float, float, float]) -> folium.Map:
    """Return a map of the ground and the places alone.

    Args:
        urls: the GeoJSON addresses of ``ground``, ``communities``, ``compounds`` and ``buildings``.
        box: west, south, east, north in degrees; the map opens on it.
    """
    west, south, east, north = box
    ground = _VendoredMap(
        location=((south + north) / 2, (west + east) / 2),
        tiles=None,
        attribution_control=False,
        prefer_canvas=True,
        max_zoom=20,
        zoom_start=15,
    )
    style = folium.Element(f"<style>.leaflet-container {{ background: {palette.GROUND}; }}</style>")
    ground.get_root().header.add_child(style)  # type: ignore[attr-defined]
    ground.fit_bounds([[south, west], [north, east]])
    order = ("ground", "communities", "compounds", "buildings")
    ground.add_child(_Ground([urls[layer] for layer in order], _paint()))
    return ground


def build_drawing_map(
    urls: Mapping[str, str], box: tuple[float, float, float, float], words: Mapping[str, object]
) -> folium.Map:
    """Return a map to draw polygons on.

    Args:
        urls: as in :func:`build_ground_map`.
        box: as there.
        words: what Leaflet.draw says, as the tree ``L.drawLocal`` has it.
    """
    drawing = build_ground_map(urls, box)
    drawing.add_child(_DrawWords(words))
    line = {"color": palette.ACCENT, "weight": 3, "fillOpacity": 0.15}
    drawing.add_child(
        _VendoredDraw(  # type: ignore[no-untyped-call]
            draw_options={
                **_POLYGON_ONLY,
                "polygon": {"allowIntersection": False, "shapeOptions": line, "showArea": False},
            },
            edit_options={"poly": {"allowIntersection": False}},
            show_geometry_on_click=False,
        )
    )
    return drawing


def _paint() -> dict[str, dict[str, Any]]:
    def area(fill: str, line: str, weight: float = 1) -> dict[str, Any]:
        return {"color": line, "weight": weight, "fillColor": fill, "fillOpacity": 1}

    return {
        "water": area(palette.WATER, palette.WATER),
        "green": area(palette.GREEN, palette.GREEN),
        "square": area(palette.SQUARE, palette.SQUARE),
        "road": area(palette.ROAD, palette.ROAD),
        "rail": area(palette.RAIL, palette.RAIL),
        "communities": {"color": palette.ACCENT, "weight": 2, "opacity": 0.55, "fill": False},
        "compounds": area(palette.COMPOUND, palette.OUTLINE),
        "three_no": area(palette.COMPOUND, palette.THREE_NO, 2),
        "buildings": area(palette.BUILDING, palette.OUTLINE),
    }
