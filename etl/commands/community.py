"""``wangge community``: the communities of an installation."""

import json
from pathlib import Path
from typing import Any, cast

import click
import numpy as np
import shapely

from etl.sources.reading import read_source
from geo.crs import parse_crs
from geo.errors import InputRefused, UnknownDatum
from geo.store.communities import add_community, remove_community
from geo.store.engine import transaction
from geo.store.places import list_communities


@click.group()
def community() -> None:
    """Add, list and remove communities."""


@community.command("add")
@click.argument("code")
@click.argument("name")
@click.argument("boundary", type=click.Path(path_type=Path))
@click.option("--crs", help="Coordinate system of the file: gcj02, bd09 or an EPSG number.")
@click.option("--source-layer", help="Layer to read, where the file has several.")
@click.option("--subdistrict", help="The 街道 or 镇 it belongs to.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def add_command(
    code: str,
    name: str,
    boundary: Path,
    crs: str | None,
    source_layer: str | None,
    subdistrict: str | None,
    as_json: bool,
) -> None:
    """Add community CODE, called NAME, within the outline in the file BOUNDARY."""
    if not code.strip() or not name.strip():
        msg = "a community needs a code and a name"
        raise InputRefused(msg)
    outline = read_outline(boundary, crs, source_layer)
    with transaction() as connection:
        area_m2 = add_community(connection, code, name, outline, subdistrict=subdistrict)
    if as_json:
        click.echo(
            json.dumps({"community": code, "name": name, "area_m2": round(area_m2, 1)}, ensure_ascii=False)
        )
    else:
        click.echo(f"added community {code} {name}, {area_m2 / 1e6:.2f} km²")


@community.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_command(as_json: bool) -> None:
    """List the communities of this installation."""
    communities = list_communities()
    if as_json:
        found = [{"community": each.code, "name": each.name} for each in communities]
        click.echo(json.dumps({"communities": found}, ensure_ascii=False))
    else:
        for each in communities:
            click.echo(f"{each.code}  {each.name}")


@community.command("remove")
@click.argument("code")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def remove_command(code: str, *, yes: bool, as_json: bool) -> None:
    """Remove community CODE with all that was brought into it, unless people have worked on cases there."""
    with transaction() as connection:
        buildings, incidents = remove_community(connection, code)
        if not yes:
            what = f"community {code} with its {buildings:,} buildings and {incidents:,} cases"
            click.confirm(f"Remove {what}?", abort=True, err=True)
    if as_json:
        removed = {"community": code, "buildings": buildings, "incidents": incidents}
        click.echo(json.dumps(removed, ensure_ascii=False))
    else:
        click.echo(f"removed community {code} with {buildings:,} buildings and {incidents:,} cases", err=True)


def read_outline(
    path: Path, crs: str | None, source_layer: str | None
) -> shapely.MultiPolygon | shapely.Polygon:
    """Read the polygons of a file as one outline in EPSG:4490.

    Raises:
        UnknownDatum: neither the file nor ``crs`` says which coordinate system the numbers are in.
        InputRefused: the file has no polygon, or it lies outside China.
        UnreadableFile: the file cannot be read.
    """
    table = read_source(path, source_layer)
    given = crs or table.declared_crs
    if given is None:
        msg = (
            f"{path.name} does not say which coordinate system its numbers are in; "
            "name it with --crs, such as 4490 or gcj02"
        )
        raise UnknownDatum(msg)
    shapes: np.ndarray[Any, Any] = np.array([]) if table.geometry is None else table.geometry
    polygons = [
        shape for shape in shapes if shape is not None and shape.geom_type in {"Polygon", "MultiPolygon"}
    ]
    if not polygons:
        msg = f"{path.name} has no polygon; a community needs its outline"
        raise InputRefused(msg)
    outline = shapely.union_all(
        shapely.make_valid(parse_crs(given).geometry_to_stored(np.array(polygons, dtype=object)))
    )
    west, south, east, north = outline.bounds
    if not (73 <= west <= east <= 136 and 3 <= south <= north <= 54):  # as the schema's is_sound has it
        msg = (
            f"{path.name} lies outside China when read as {parse_crs(given).name}; "
            "name its coordinate system with --crs"
        )
        raise InputRefused(msg)
    return cast("shapely.MultiPolygon | shapely.Polygon", outline)
