"""``wangge check`` finds every fault planted in a demo community, and nothing else but how life is there."""

from datetime import date

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point
from shapely.geometry import shape

from etl.checks import Finding, run_checks
from etl.demo.load import load_demo

AS_OF = date(2026, 3, 1)
# Too many people for a worker is what the community is like; shops along the street are in no building.
TRUE_TO_LIFE = {"worker_load", "merchants_without_building"}


@pytest.mark.parametrize(("community", "seed"), [("Y", 1), ("Y", 2), ("D", 1)])
def test_planted_faults_are_found_and_nothing_else(
    database_url: str, connection: PostgresConnection, community: str, seed: int
) -> None:
    truth = load_demo(database_url, community=community, seed=seed, as_of=AS_OF).truth
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM community")
        ids = [community_id for (community_id,) in cursor.fetchall()]

    found: dict[str, list[Finding]] = {}
    for finding in run_checks(connection, ids, AS_OF):
        found.setdefault(finding.check.id, []).append(finding)

    codes = {check: [f.observation.code for f in findings] for check, findings in found.items()}
    gaps = sorted(found.pop("grid_gap"), key=lambda f: -(f.observation.area_m2 or 0))
    planted = sorted(truth.grid_gaps, key=lambda gap: -gap["area_m2"])
    assert len(gaps) == len(planted)
    for gap, plant in zip(gaps, planted, strict=True):
        assert gap.observation.area_m2 == pytest.approx(plant["area_m2"], rel=0.01)
        longitude, latitude = gap.observation.longitude, gap.observation.latitude
        assert longitude is not None
        assert latitude is not None
        assert shape(plant["geometry"]).contains(Point(longitude, latitude))
    assert codes.pop("grid_gap") == [community] * len(planted)
    assert codes.pop("building_without_grid") == sorted(truth.uncovered_buildings)
    assert codes.pop("building_without_holder") == sorted(truth.unheld_buildings)
    assert codes.pop("building_silent") == sorted(truth.silent_buildings)
    assert codes.pop("grid_without_person") == sorted(truth.grids_without_person)
    assert codes.keys() <= TRUE_TO_LIFE
