"""The drawing page: what a drawn area measures, and the words of the drawing tool."""

from dataclasses import dataclass
from typing import Any

from dashboard.i18n import Text
from geo.store.places import MeasuredArea


@dataclass(frozen=True)
class Figure:
    """One measured value."""

    label: str
    value: str


def find_polygon(drawn: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the GeoJSON geometry of the last area drawn, if there is one."""
    feature = (drawn or {}).get("last_active_drawing") or {}
    geometry = feature.get("geometry")
    return geometry if geometry and geometry.get("type") == "Polygon" else None


def list_figures(area: MeasuredArea, text: Text) -> list[Figure]:
    """Return what an area measures, in reading order."""
    return [
        Figure(text("draw.area"), text("unit.square_metres", value=text.number(area.area_m2))),
        Figure(text("draw.buildings"), text.number(area.buildings)),
        Figure(text("draw.households"), text.number(area.households)),
        Figure(text("draw.residents"), text.number(area.residents)),
    ]


def list_tool_words(text: Text) -> dict[str, Any]:
    """Return the words of Leaflet.draw, as its tree ``L.drawLocal`` has them."""
    finish = {"title": text("draw.tool_finish"), "text": text("draw.tool_finish")}
    undo = {"title": text("draw.tool_undo"), "text": text("draw.tool_undo")}
    cancel = {"title": text("draw.tool_cancel"), "text": text("draw.tool_cancel")}
    save = {"title": text("draw.tool_save"), "text": text("draw.tool_save")}
    clear = {"title": text("draw.tool_clear"), "text": text("draw.tool_clear")}
    edit, delete = text("draw.tool_edit"), text("draw.tool_delete")
    return {
        "draw": {
            "toolbar": {
                "actions": cancel,
                "finish": finish,
                "undo": undo,
                "buttons": {"polygon": text("draw.tool_polygon")},
            },
            "handlers": {
                "polygon": {
                    "tooltip": {
                        "start": text("draw.tip_start"),
                        "cont": text("draw.tip_continue"),
                        "end": text("draw.tip_end"),
                    }
                },
                "polyline": {"error": text("draw.tip_crossing")},
            },
        },
        "edit": {
            "toolbar": {
                "actions": {"save": save, "cancel": cancel, "clearAll": clear},
                "buttons": {"edit": edit, "editDisabled": edit, "remove": delete, "removeDisabled": delete},
            },
            "handlers": {
                "edit": {"tooltip": {"text": text("draw.tip_edit"), "subtext": ""}},
                "remove": {"tooltip": {"text": text("draw.tip_delete")}},
            },
        },
    }
