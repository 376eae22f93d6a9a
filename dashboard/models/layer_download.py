"""A layer to take away from a page: what can be chosen, and the file with who took it, when and what."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from dashboard.i18n import Text
from geo.model.actor import Actor
from geo.operations.layer_export import export_content, read_words
from geo.store.engine import acting_as
from geo.store.layer_rows import LAYERS
from geo.store.places import Community

FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    ".xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ".csv": ("CSV", "text/csv"),
    ".gpkg": ("GeoPackage", "application/geopackage+sqlite3"),
    ".geojson": ("GeoJSON", "application/geo+json"),
    ".kml": ("KML", "application/vnd.google-earth.kml+xml"),
    ".zip": ("Shapefile", "application/zip"),
}
"""Ending of the file's name → what people call the format, and its media type."""

SYSTEM_NAMES: Final[Mapping[str, str]] = {"cgcs2000": "CGCS2000", "wgs84": "WGS-84", "gcj02": "GCJ-02"}


def name_layers(text: Text) -> dict[str, str]:
    """Name the layers."""
    return {layer: read_words(layer, text.language).title.capitalize() for layer in LAYERS}


def name_file(layer: str, ending: str, community: Community, now: datetime) -> str:
    """Name the file."""
    return f"{layer}-{community.code}-{now:%Y%m%d-%H%M}{ending}"


def make_file(
    layer: str, ending: str, crs: str, community: Community, actor: Actor, text: Text, today: date
) -> bytes:
    """Make the file as whoever asks for it, and note it in the log.

    Raises:
        InputRefused: the layer has more rows than a page gives away.
    """
    watermark = {
        text("watermark.who"): actor.name,
        text("watermark.when"): text.moment(datetime.now(UTC)),
        text("watermark.what"): text.join([community.name, name_layers(text)[layer], SYSTEM_NAMES[crs]]),
        text("watermark.note_title"): text("watermark.note"),
    }
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        return export_content(
            layer, ending, community, on_day=today, crs=crs, language=text.language, watermark=watermark
        )
