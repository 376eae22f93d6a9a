"""OpenStreetMap extracts (.osm, .pbf): what of them is a layer of ours, each under its English name."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from etl.sources.maps.gdal import damaged, explain_damage
from etl.sources.table import SourceLayer, Table, choose_one
from etl.sources.xml import iterate_elements, read_text
from geo.errors import UnreadableFile

_TAGS = (
    *("name", "name:zh", "alt_name", "ref", "building", "building:levels", "building:flats", "start_date"),
    *(
        "addr:full",
        "addr:street",
        "addr:housenumber",
        "landuse",
        "residential",
        "natural",
        "water",
        "waterway",
    ),
    *("highway", "railway", "width", "lanes", "leisure", "shop", "amenity", "office"),
)
_CONFIG = """closed_ways_are_polygons=amenity,building,landuse,leisure,natural,office,shop,water
attribute_name_laundering=no
[points]
osm_id=yes
other_tags=no
attributes={tags}
[lines]
osm_id=yes
other_tags=no
attributes={tags}
[multipolygons]
osm_id=yes
other_tags=no
attributes={tags}
"""
# Larger extracts are of a province: to count all in one would take longer than to read what is asked for.
_MOST_COUNTED_BYTES = 1 << 25
_LANE_M = 3.5
_PBF_MAGIC = b"OSMHeader"


@dataclass(frozen=True)
class _Theme:
    """What of an extract is one layer.

    Attributes:
        kind: as in :class:`~etl.sources.table.SourceLayer`.
        tables: GDAL's tables it comes from → the condition on their tags.
        tag: the tag that says what kind of thing a row is.
        means: what all of it is in our words, where the theme alone says so.
        columns: what else is told of a row, under our names.
    """

    kind: str
    tables: dict[str, str]
    tag: str
    means: str = ""
    columns: tuple[str, ...] = ()


_SHOPS = (
    "shop IS NOT NULL OR amenity IN ('restaurant', 'fast_food', 'cafe', 'bar', 'pharmacy', 'clinic', 'bank',"
    " 'kindergarten', 'marketplace')"
)
_WATER = (
    "\"natural\" = 'water' OR waterway IS NOT NULL OR water IS NOT NULL OR landuse IN ('reservoir', 'basin')"
)
_GREEN = (
    "leisure IN ('park', 'garden', 'playground', 'pitch')"
    " OR landuse IN ('grass', 'forest', 'meadow', 'orchard') OR \"natural\" IN ('wood', 'scrub', 'grassland')"
)
_THEMES = {
    "buildings": _Theme(
        "outlines",
        {"multipolygons": "building IS NOT NULL"},
        "building",
        "",
        ("levels", "households", "built"),
    ),
    "compounds": _Theme("outlines", {"multipolygons": "landuse = 'residential'"}, "residential"),
    "shops": _Theme("points", {"points": _SHOPS, "multipolygons": _SHOPS}, "shop"),
    "streets": _Theme("lines", {"lines": "highway IS NOT NULL"}, "highway", "road", ("width",)),
    "water": _Theme("mixed", {"multipolygons": _WATER, "lines": "waterway IS NOT NULL"}, "waterway", "water"),
    "green": _Theme("outlines", {"multipolygons": _GREEN}, "leisure", "green"),
    "railways": _Theme("lines", {"lines": "railway IS NOT NULL"}, "railway", "rail"),
}
# What the tags' commonest values mean in our own words; of any other value the file says nothing.
_BUILDINGS = {
    "residential": "apartments residential house dormitory terrace detached semidetached_house bungalow",
    "commercial": "retail commercial office supermarket hotel kiosk",
    "public": "school hospital university college kindergarten public civic government library",
    "industrial": "industrial warehouse factory",
}
_SHOPS_AS = {
    "restaurant": "restaurant fast_food cafe bar bakery food_court",
    "convenience": "convenience supermarket general kiosk department_store mall variety_store",
    "fresh_food": "greengrocer butcher seafood marketplace",
    "clothing": "clothes shoes fashion boutique",
    "service": "hairdresser beauty laundry dry_cleaning optician massage bank estate_agent copyshop",
    "hardware": "hardware doityourself trade paint",
    "pharmacy": "pharmacy chemist clinic medical_supply",
    "education": "kindergarten",
    "repair": "car_repair bicycle motorcycle car",
}
_MEANINGS = {
    theme: {word: meaning for meaning, words in table.items() for word in words.split()}
    for theme, table in (("buildings", _BUILDINGS), ("shops", _SHOPS_AS))
}
_RENAMED = {"building:levels": "levels", "building:flats": "households", "start_date": "built"}
_IDS = {"points": "n", "lines": "w", "multipolygons": "r"}


def read_osm(path: Path, source_layer: str | None = None) -> Table:
    """Read one theme of an extract: buildings, compounds, shops, streets, water, green or railways.

    The Chinese name goes before the local one, and ``kind`` (of shops ``category``) is what the theme's own
    tag says, in our words where we have some. Relations of
    which a part lies beyond the extract have no sound outline and are left out with a note.

    Raises:
        UnreadableFile: it is damaged or holds nothing of these.
        InputRefused: there are several themes to choose from.
    """
    name = source_layer or ""
    if name not in _THEMES:
        name = choose_one(path.name, "layer", [layer.name for layer in list_osm_layers(path)], source_layer)
    theme = _THEMES[name]
    frames, shapes = [], []
    with _open(path) as config:
        for table, condition in theme.tables.items():
            # A query over one table: GDAL then keeps no rows of the others.
            columns = ", ".join(f'"{tag}"' for tag in ("osm_id", *_TAGS))
            way_id = ", osm_way_id" if table == "multipolygons" else ""
            with explain_damage(path.name):
                _, arrow = pyogrio.raw.read_arrow(
                    path,
                    sql=f"SELECT {columns}{way_id} FROM {table} WHERE {condition}",  # noqa: S608 - our own words
                    CONFIG_FILE=config,
                )
            # Counting tells of damage; reading ends there as if it were the end.
            if arrow.num_rows < _count(path, config, table, condition):
                raise damaged(path.name)
            frame, wkb = _split(arrow)
            frames.append(_name_rows(frame, table))
            shapes.append(shapely.from_wkb(wkb, on_invalid="ignore"))
    rows = pd.concat(frames, ignore_index=True)
    if rows.empty:
        message = f"{path.name} holds nothing of this kind; choose another layer of it."
        raise UnreadableFile(message)
    tag = rows[theme.tag].fillna(rows["amenity"]) if name == "shops" else rows[theme.tag]
    kind = "category" if name == "shops" else "kind"
    rows[kind] = theme.means or (tag.map(_MEANINGS[name]).fillna("") if name in _MEANINGS else tag)
    if name == "streets":
        lanes_m = pd.to_numeric(rows["lanes"], errors="coerce") * _LANE_M
        rows["width"] = pd.to_numeric(rows["width"], errors="coerce").fillna(lanes_m)
    kept = ["osm_id", "name", "alt_name", "address", kind, *theme.columns]
    rows = rows.rename(columns=_RENAMED)[kept].dropna(axis="columns", how="all")
    warnings = []
    cut = _count_cut_relations(path)
    if cut:
        warning = f"{cut:,} areas of {path.name} reach beyond what it holds and were left out."
        warnings.append(warning)
    return Table(
        name=name,
        rows=rows,
        row_numbers=np.arange(1, len(rows) + 1, dtype=np.int64),
        shapes=np.concatenate(shapes),
        declared_crs="EPSG:4326",
        warnings=tuple(warnings),
    )


def list_osm_layers(path: Path) -> list[SourceLayer]:
    """List the themes an extract holds something of; all of them where it is large.

    Raises:
        UnreadableFile: it is damaged.
    """
    if path.stat().st_size > _MOST_COUNTED_BYTES:
        with _open(path):
            return [SourceLayer(name, None, theme.kind) for name, theme in _THEMES.items()]
    layers = []
    with _open(path) as config:
        for name, theme in _THEMES.items():
            count = sum(_count(path, config, table, condition) for table, condition in theme.tables.items())
            if count:
                layers.append(SourceLayer(name, count, theme.kind))
    return layers


def _count(path: Path, config: str, table: str, condition: str) -> int:
    query = f"SELECT COUNT(*) FROM {table} WHERE {condition}"  # noqa: S608 - our own words
    with explain_damage(path.name):
        _, arrow = pyogrio.raw.read_arrow(path, sql=query, CONFIG_FILE=config)
    return int(arrow.column(0)[0].as_py())


@contextmanager
def _open(path: Path) -> Iterator[str]:
    """Make sure that a file is an extract, and write down for GDAL which tags matter."""
    with path.open("rb") as file:
        head = file.read(1024)
    is_xml = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<osm" in head
    if not is_xml and _PBF_MAGIC not in head[:64]:
        raise damaged(path.name)
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as config:
        config.write(_CONFIG.format(tags=",".join(_TAGS)))
        config.flush()
        yield config.name


def _split(arrow: pa.Table) -> tuple[pd.DataFrame, list[bytes | None]]:
    geometry = next(field.name for field in arrow.schema if pa.types.is_binary(field.type))
    return arrow.drop_columns([geometry]).to_pandas(), arrow.column(geometry).to_pylist()


def _name_rows(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Give each row the id OpenStreetMap's own editors show, its Chinese name and an address."""
    ids = _IDS[table] + frame["osm_id"]
    if "osm_way_id" in frame:
        ids = ids.fillna("w" + frame["osm_way_id"])
    frame["osm_id"] = ids
    frame["name"] = frame["name:zh"].fillna(frame["name"])
    frame["address"] = frame["addr:full"].fillna(frame["addr:street"].str.cat(frame["addr:housenumber"]))
    return frame.drop(
        columns=["osm_way_id", "name:zh", *(tag for tag in _TAGS if tag.startswith("addr:"))], errors="ignore"
    )


def _count_cut_relations(path: Path) -> int:
    """Count the areas of which a way is missing; 0 where the extract is packed or too large to look."""
    with path.open("rb") as file:
        is_xml = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    if not is_xml or path.stat().st_size > _MOST_COUNTED_BYTES:
        return 0
    ways: set[str] = set()
    members: list[str] = []
    count, is_area = 0, False
    for event, element, tag in iterate_elements(read_text(path.read_bytes(), path.name)[0], path.name):
        if event == "start":
            continue
        if tag == "way":
            ways.add(element.get("id"))
        elif tag == "member" and element.get("type") == "way":
            members.append(element.get("ref"))
        elif tag == "tag" and element.get("k") == "type":
            is_area = element.get("v") in {"multipolygon", "boundary"}
        elif tag == "relation":
            count += is_area and not ways.issuperset(members)
            members, is_area = [], False
        if tag in {"node", "way", "relation"}:
            element.clear()
    return count
