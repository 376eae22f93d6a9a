"""What an import is about, in the reader's words: layers, fields, coordinate systems, steps."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from dashboard.i18n import Text

LAYERS: Final[Mapping[str, str]] = {
    "grids": "import_layer.grids",
    "compounds": "import_layer.compounds",
    "buildings": "import_layer.buildings",
    "merchants": "import_layer.merchants",
    "ground": "import_layer.ground",
    "incidents": "import_layer.incidents",
}
_FIELDS: Final[Mapping[str, str]] = {
    "code": "import_field.code",
    "name": "import_field.name",
    "kind": "import_field.kind",
    "parent": "import_field.parent",
    "official_code": "import_field.official_code",
    "external_id": "import_field.external_id",
    "valid_from": "import_field.valid_from",
    "valid_to": "import_field.valid_to",
    "wkt": "import_field.wkt",
    "aliases": "import_field.aliases",
    "type": "import_field.type",
    "management": "import_field.management",
    "address": "import_field.address",
    "has_property_management": "import_field.has_property_management",
    "has_responsible_unit": "import_field.has_responsible_unit",
    "has_security": "import_field.has_security",
    "three_no_definition": "import_field.three_no_definition",
    "three_no_reviewed_on": "import_field.three_no_reviewed_on",
    "has_owners_committee": "import_field.has_owners_committee",
    "owners_committee_until": "import_field.owners_committee_until",
    "compound": "import_field.compound",
    "floors": "import_field.floors",
    "entrances": "import_field.entrances",
    "households": "import_field.households",
    "residents": "import_field.residents",
    "elderly": "import_field.elderly",
    "built_year": "import_field.built_year",
    "verified_on": "import_field.verified_on",
    "category": "import_field.category",
    "width_m": "import_field.width_m",
    "partner_since": "import_field.partner_since",
    "lon": "import_field.lon",
    "lat": "import_field.lat",
    "lonlat": "import_field.lonlat",
    "category_group": "import_field.category_group",
    "category_middle": "import_field.category_middle",
    "topic": "import_field.topic",
    "source": "import_field.source",
    "request_kind": "import_field.request_kind",
    "severity": "import_field.severity",
    "state": "import_field.state",
    "title": "import_field.title",
    "description": "import_field.description",
    "reported_at": "import_field.reported_at",
    "due_at": "import_field.due_at",
    "handled_at": "import_field.handled_at",
    "closed_at": "import_field.closed_at",
    "code_system": "import_field.code_system",
    "source_system": "import_field.source_system",
    # What follows from other fields, and may differ from what is stored.
    "geom": "import_field.geom",
    "category_code": "import_field.category",
    "sensitivity": "import_field.sensitivity",
    "geocode_quality": "import_field.geocode_quality",
    "compound_id": "import_field.compound",
    "building_id": "import_field.building",
    "merchant_id": "import_field.merchant",
    "grid_id": "import_field.grid",
    "parent_id": "import_field.parent",
    "original_due_at": "import_field.original_due_at",
    "outcome": "import_field.outcome",
    "crs": "import_field.crs",
}
# What is told only together with the layer it is of.
_BARE: Final = frozenset({"code", "name", "kind", "type"})
_SYSTEMS: Final[Mapping[str, str]] = {
    "4490": "import.crs_4490",
    "4326": "import.crs_4326",
    "gcj02": "import.crs_gcj02",
    "gcj02x2": "import.crs_gcj02x2",
    "bd09": "import.crs_bd09",
    "bd09mc": "import.crs_bd09mc",
    "3857": "import.crs_3857",
}
_STEPS: Final[Mapping[str, str]] = {
    "starting": "import.step_starting",
    "waiting": "import.step_waiting",
    "reading": "import.step_reading",
    "checking": "import.step_checking",
    "matching": "import.step_matching",
    "placing": "import.step_placing",
    "loading": "import.step_loading",
    "comparing": "import.step_comparing",
    "undoing": "import.step_undoing",
}
# CGCS2000 in zones of 3° with and without the zone's number before the easting, and of 6°.
_ZONES_3: Final = range(4513, 4534)
_MERIDIANS_3: Final = range(4534, 4555)
_ZONES_6: Final = range(4491, 4502)
_MERIDIANS_6: Final = range(4502, 4513)


def name_layer(layer: str, text: Text) -> str:
    """Return what a layer is called."""
    return text(LAYERS[layer]) if layer in LAYERS else layer


def name_field(field: str, layer: str | None, text: Text, said: Mapping[str, str] | None = None) -> str:
    """Return what a field is called.

    Args:
        field: its name.
        layer: the layer it is of; None where that does not matter.
        text: the reader's language.
        said: what the import itself calls it, by language, for a field that the page does not know.
    """
    if field not in _FIELDS:
        return (said or {}).get(text.language) or field
    name = text(_FIELDS[field])
    if layer is not None and field in _BARE and layer in LAYERS:
        return text("import.of_layer", layer=name_layer(layer, text), field=name)
    return name


def name_crs(crs: str, text: Text) -> str:
    """Return what a coordinate system is called, with whose files come in it."""
    plain = crs.removeprefix("EPSG:").lower()
    if plain in _SYSTEMS:
        return text(_SYSTEMS[plain])
    shift, mark, projected = crs.partition("+")
    if mark and projected:
        return text(
            "import.crs_shifted", shift=_name_shift(shift), projected=name_crs(projected, text).split("（")[0]
        )
    if plain.isdigit():
        return _name_projected(int(plain), text)
    return crs


def name_step(step: str | None, text: Text) -> str:
    """Return what is being done to a file."""
    return text(_STEPS.get(step or "", "import.step_other"))


def shorten(value: str, most: int = 24) -> str:
    """Cut a long value of a file off."""
    plain = re.sub(r"\s+", " ", value).strip()
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def tell_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """Number the labels that are alike: what is chosen, Streamlit tells by its label alone."""
    counted: Counter[str] = Counter()
    told = {}
    for key, label in labels.items():
        counted[label] += 1
        told[key] = label if counted[label] == 1 else f"{label} ({counted[label]})"
    return told


def _name_shift(shift: str) -> str:
    return {"gcj02": "GCJ-02", "bd09": "BD-09", "gcj02x2": "GCJ-02 ×2"}.get(shift.lower(), shift)


def _name_projected(epsg: int, text: Text) -> str:
    if epsg in _ZONES_3:
        return text("import.crs_zone_3", zone=epsg - _ZONES_3.start + 25, epsg=epsg)
    if epsg in _MERIDIANS_3:
        return text("import.crs_meridian_3", meridian=3 * (epsg - _MERIDIANS_3.start + 25), epsg=epsg)
    if epsg in _ZONES_6:
        return text("import.crs_zone_6", zone=epsg - _ZONES_6.start + 13, epsg=epsg)
    if epsg in _MERIDIANS_6:
        return text("import.crs_meridian_6", meridian=6 * (epsg - _MERIDIANS_6.start + 13) - 3, epsg=epsg)
    return f"EPSG:{epsg}"
