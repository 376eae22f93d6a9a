"""What a staged row says otherwise than the stored row it means, and is no change all the same."""

from collections.abc import Sequence
from typing import Final

from psycopg2 import sql
from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812 - the driver names it so

# A millimetre, in degrees: what formats round to, and what it costs to shift a place and to shift it back.
_SAME_DEGREES: Final = 1e-8
# No vertex moved, and none of the area between the same vertices: an outline may begin and turn otherwise.
_IS_SAME_PLACE: Final = sql.SQL(
    "(s.geom = t.geom OR ST_NPoints(s.geom) = ST_NPoints(t.geom) AND s.geom && ST_Expand(t.geom, {degrees}) "
    "AND abs(ST_Area(s.geom) - ST_Area(t.geom)) <= {degrees} * ST_Perimeter(t.geom) "
    "AND ST_HausdorffDistance(s.geom, t.geom) <= {degrees})"
).format(degrees=sql.Literal(_SAME_DEGREES))


def settle_stage(cursor: PostgresCursor, table: str, stage: str, columns: Sequence[str]) -> None:
    """Let staged rows say what is stored wherever they mean the same.

    A place within a millimetre of the stored one is that place, and what followed from it stays where there
    is anything: somebody may have known better since. A case of our own keeps having no number elsewhere,
    though it goes out under one. How sensitive a case is changes with its category only.

    Args:
        cursor: of the caller's transaction.
        table: a layer's table.
        stage: a table of rows with the ``id`` of the stored row each means.
        columns: the stage's columns.
    """
    if "geom" in columns:
        following = [name for name in ("building_id", "compound_id", "grid_id") if name in columns]
        kept: dict[str, sql.Composable] = {
            name: sql.SQL("coalesce(t.{0}, s.{0})").format(sql.Identifier(name)) for name in following
        }
        if "geocode_quality" in columns:
            kept["geocode_quality"] = sql.SQL(
                "CASE WHEN t.building_id IS NULL AND s.building_id IS NOT NULL "
                "THEN s.geocode_quality ELSE t.geocode_quality END"
            )
        _update(cursor, table, stage, {"geom": sql.SQL("t.geom"), **kept}, _IS_SAME_PLACE)
    if table == "incident" and "external_id" in columns:
        nothing = sql.SQL("CAST(NULL AS text)")
        _update(cursor, table, stage, {"external_id": nothing}, sql.SQL("t.external_id IS NULL"))
    if "sensitivity" in columns and "category_code" in columns:
        same = sql.SQL("s.category_code = t.category_code")
        _update(cursor, table, stage, {"sensitivity": sql.SQL("t.sensitivity")}, same)


def _update(
    cursor: PostgresCursor, table: str, stage: str, values: dict[str, sql.Composable], where: sql.Composable
) -> None:
    pairs = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in values.items()
    )
    differs = sql.SQL(" OR ").join(
        sql.SQL("s.{} IS DISTINCT FROM {}").format(sql.Identifier(name), value)
        for name, value in values.items()
    )
    cursor.execute(
        sql.SQL(
            "UPDATE {stage} AS s SET {pairs} FROM {table} AS t WHERE t.id = s.id AND ({differs}) AND {where}"
        ).format(
            stage=sql.Identifier(stage),
            table=sql.Identifier(table),
            pairs=pairs,
            differs=differs,
            where=where,
        )
    )
