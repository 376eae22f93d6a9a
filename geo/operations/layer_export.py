"""A layer as a file: whole, under headers that an import reads back, and noted in the log.

What is in the rows is what whoever acts may see; a command, which acts as the database's owner, takes all.
"""

import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.crs import wgs84_to_gcj02
from geo.errors import InputRefused, NotFound
from geo.operations.exporting import note_export
from geo.operations.layer_files import WRITERS, Batches, Sheaf
from geo.rules.inert import quote_cell
from geo.settings import get_settings
from geo.store.layer_rows import LAYERS, read_rows
from geo.store.places import Community

MOST_ROWS_AT_ONCE: Final = 50_000
SYSTEMS: Final[Mapping[str, str]] = {"cgcs2000": "EPSG:4490", "wgs84": "EPSG:4326", "gcj02": "gcj02"}
# What says in the file itself which datum it is in; the others have a column that does.
_SAYS_CRS: Final = frozenset({".gpkg", ".geojson", ".zip"})
_POINTS: Final = frozenset({"merchants", "incidents"})
_NAMES: Final[Mapping[str, str]] = {"incidents": "category_name"}
_PLACES: Final[Mapping[str, tuple[str, str, str]]] = {
    "zh": ("经度", "纬度", "wkt"),
    "en": ("lon", "lat", "wkt"),
}
_NUMBERS: Final = frozenset(
    {"floors", "entrances", "households", "residents", "elderly", "built_year", "buildings"}
)
# What may begin with a mark that a spreadsheet computes: all that begins with neither letter nor digit.
_ODD_START: Final = r"^[^0-9A-Za-z\x{4e00}-\x{9fff}]"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken out.

    Attributes:
        rows: how many.
        left_out: how many values did not fit into the format, each an empty cell.
    """

    rows: int
    left_out: int


@dataclass(frozen=True, slots=True)
class LayerWords:
    """What the columns of a layer are called in a language.

    Attributes:
        title: of the layer.
        headers: field → header, in the order of the columns.
        words: field → code → word, for fields of codes; empty where codes are written.
        flags: the words for true and false.
    """

    title: str
    headers: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    flags: tuple[str, str]


def export_layer(
    layer: str,
    path: Path,
    community: Community,
    *,
    on_day: date,
    crs: str = "cgcs2000",
    language: str = "zh",
    zone_kind: str = "grid_worker",
    watermark: Mapping[str, str] | None = None,
    most: int | None = None,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> Taken:
    """Write a layer to a file, which is there whole or not at all, and note in the log that it was taken out.

    Args:
        layer: one of :data:`~geo.store.layer_rows.LAYERS`.
        path: the file; the ending of its name says the format. What is there already is replaced.
        community: whose rows.
        on_day: the day in China whose grids and zones count.
        crs: one of :data:`SYSTEMS`; GCJ-02 where the installation permits it, in formats that map programs
            expect it in.
        language: of headers and words, ``zh`` or ``en``.
        zone_kind: which kind of plan, for zones.
        watermark: label and value of who, when and what.
        most: refuse more rows than that.
        on_progress: called with the number of rows written so far.

    Raises:
        InputRefused: there is no such layer, format or coordinate system, it is not permitted, there are too
            many rows, or the file cannot be written.
    """
    ending = path.suffix.lower()
    _verify_request(layer, ending, crs)
    words = read_words(layer, language)
    count, left_out = 0, 0
    says_crs = ending in _SAYS_CRS

    def make_batches(lots: Iterator[tuple[list[str], list[tuple[Any, ...]]]]) -> Batches:
        nonlocal count
        for names, rows in lots:
            if most is not None and count + len(rows) > most:
                msg = (
                    f"more than {most:,} rows are not taken out on a page: "
                    "let the command wangge export do it"
                )
                raise InputRefused(msg)
            yield _make_batch(sheaf.schema, words, names, rows, crs, says_crs=says_crs)
            count += len(rows)
            on_progress(count)

    with closing(read_rows(layer, community_id=community.id, on_day=on_day, zone_kind=zone_kind)) as source:
        first = next(source)
        sheaf = Sheaf(
            layer=layer,
            title=words.title,
            shape="Point" if layer in _POINTS else "MultiPolygon",
            crs=SYSTEMS[crs] if crs != "gcj02" else None,
            schema=_make_schema(first[0][:-1], words, says_crs=says_crs),
            watermark=watermark or {},
            name_column=words.headers[_NAMES.get(layer, "name")],
            place_headers=_PLACES[language],
        )
        try:
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".wangge-") as folder:
                made = Path(folder, path.name)
                left_out = WRITERS[ending](made, sheaf, make_batches(chain([first], source)))
                made.replace(path)
        except OSError as fault:
            msg = f"{path} cannot be written: {fault.strerror or fault}"
            raise InputRefused(msg) from None
    note_export(
        community.id,
        ending.removeprefix("."),
        count,
        {"layer": layer, "crs": SYSTEMS[crs], **(watermark or {})},
        object_type=layer.removesuffix("s"),
    )
    return Taken(count, left_out)


def export_content(layer: str, ending: str, community: Community, **options: Any) -> bytes:
    """Return a layer as the content of a file; see :func:`export_layer`, which it takes the options of."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{layer}{ending}")
        export_layer(layer, path, community, **options, most=MOST_ROWS_AT_ONCE)
        return path.read_bytes()


def list_systems(ending: str) -> list[str]:
    """List the coordinate systems that a format may be taken out in here."""
    return [
        name
        for name in SYSTEMS
        if name != "gcj02" or (get_settings().gcj02_export and ending not in _SAYS_CRS)
    ]


@cache
def read_words(layer: str, language: str) -> LayerWords:
    """Read what a layer's columns are called: fields' own names and codes in English."""
    table = _load_table()
    entry = table["layers"][layer]
    if language == "en":
        fields = {field: field for field in entry["columns"]}
        return LayerWords(layer, fields, {}, ("yes", "no"))
    flags = table["flags"]
    return LayerWords(
        entry["title"], entry["columns"], entry.get("words", {}), (flags["true"], flags["false"])
    )


def list_told_fields() -> frozenset[str]:
    """List the fields that are only told: no import reads them."""
    return frozenset(_load_table()["told"])


@cache
def _load_table() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "layer_columns.toml").read_text(encoding="utf-8"))


def _verify_request(layer: str, ending: str, crs: str) -> None:
    if layer not in LAYERS:
        msg = f"there is no layer '{layer}': choose one of {', '.join(LAYERS)}"
        raise NotFound(msg)
    if ending not in WRITERS:
        msg = f"the ending of the file's name says the format: {', '.join(WRITERS)} (a Shapefile)"
        raise InputRefused(msg)
    if crs not in SYSTEMS:
        msg = f"layers are taken out in one of {', '.join(SYSTEMS)}, not in '{crs}'"
        raise InputRefused(msg)
    if crs == "gcj02" and not get_settings().gcj02_export:
        msg = (
            "taking out GCJ-02 is switched off here, for shifting coordinates is regulated: where it is "
            "permitted, the administrator sets WANGGE_GCJ02_EXPORT to true"
        )
        raise InputRefused(msg)
    if crs not in list_systems(ending):
        msg = "GCJ-02 goes out as .kml, .csv or .xlsx only: in the other formats nothing could say that it is"
        raise InputRefused(msg)


def _make_schema(names: list[str], words: LayerWords, *, says_crs: bool) -> pa.Schema:
    fields = [
        pa.field(words.headers[name], pa.int64() if name in _NUMBERS else pa.string()) for name in names
    ]
    if not says_crs:
        fields.append(pa.field("crs", pa.string()))
    # Without the mark GDAL would take the last column for bytes.
    mark = {b"ARROW:extension:name": b"ogc.wkb"}
    return pa.schema([*fields, pa.field("shape", pa.binary(), metadata=mark)])


def _make_batch(
    schema: pa.Schema,
    words: LayerWords,
    names: list[str],
    rows: list[tuple[Any, ...]],
    crs: str,
    *,
    says_crs: bool,
) -> pa.RecordBatch:
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    columns = [
        _write_column(name, column, words) for name, column in zip(names[:-1], values[:-1], strict=True)
    ]
    if not says_crs:
        columns.append(pa.array([SYSTEMS[crs]] * len(rows), pa.string()))
    shapes = [None if shape is None else bytes(shape) for shape in values[-1]]
    if crs == "gcj02":
        moved = shapely.transform(shapely.from_wkb(shapes), wgs84_to_gcj02)
        shapes = list(shapely.to_wkb(moved))
    columns.append(pa.array(shapes, pa.binary()))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _write_column(name: str, values: tuple[Any, ...], words: LayerWords) -> pa.Array:
    if name in _NUMBERS:
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    known = words.words.get(name)
    if known:
        values = tuple(known.get(value, value) for value in values)
    elif any(isinstance(value, bool) for value in values):
        values = tuple(None if value is None else words.flags[0 if value else 1] for value in values)
    text = pa.array(values, pa.string())
    odd = pc.fill_null(pc.match_substring_regex(text, _ODD_START), fill_value=False)
    if not pc.any(odd).as_py():
        return text
    quoted = [value and quote_cell(value) for value in text.to_pylist()]
    return pa.array(quoted, pa.string())
