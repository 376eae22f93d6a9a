"""``wangge hotspots``: it finds what the demo plants, and lists nothing where nothing is."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box, distance, from_wkb, transform

from etl.cli import cli
from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.crs import LocalPlane
from geo.errors import InputRefused
from geo.settings import get_settings
from geo.store.engine import connect
from tests.conftest import clone_database
from tests.town import Town


def run(*arguments: str) -> dict[str, Any]:
    outcome = CliRunner().invoke(cli, ["hotspots", "--json", *arguments], catch_exceptions=False)
    assert outcome.exit_code == 0
    report = json.loads(outcome.stdout)
    assert isinstance(report, dict)
    return report


@pytest.fixture(scope="module")
def planted(cluster: Cluster, migrated_template: str) -> Iterator[list[dict[str, Any]]]:
    """What was planted in community D, which is the installation's database meanwhile."""
    with clone_database(cluster, migrated_template) as url, pytest.MonkeyPatch.context() as environment:
        load = load_demo(url, community="D", seed=3)
        environment.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        yield load.truth.hotspots
        get_settings.cache_clear()


def test_it_finds_what_is_planted_and_nothing_beside(planted: list[dict[str, Any]]) -> None:
    found = run()["hotspots"]
    codes = {spot["category"] for spot in planted}
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT category_codes[1], ST_AsBinary(geom) FROM campaign ORDER BY code LIMIT 1")
        ((lost, ground),) = cursor.fetchall()
    assert {spot["category"] for spot in found} == codes | {lost}
    # What a clean-up won and is being lost again is hot, too.
    for spot in found:
        if spot["category"] == lost:
            plane = LocalPlane(spot["longitude"], spot["latitude"])
            assert distance(Point(0, 0), transform(from_wkb(bytes(ground)), plane.to_metres)) <= 60
    for spot in planted:
        plane = LocalPlane(spot["lon"], spot["lat"])
        near = [
            np.hypot(*plane.to_metres(np.array([[each["longitude"], each["latitude"]]]))[0])
            for each in found
            if each["category"] == spot["category"]
        ]
        assert min(near) <= spot["radius_m"]
        assert max(near) <= spot["radius_m"] + 60


def test_a_category_and_a_period_can_be_chosen(planted: list[dict[str, Any]]) -> None:
    code = planted[0]["category"]
    assert {spot["category"] for spot in run("--category", code)["hotspots"]} == {code}
    early = run("--since", "2000-01-01", "--until", "2000-12-31")
    assert early["hotspots"] == []
    assert (early["since"], early["until"]) == ("2000-01-01", "2000-12-31")


@pytest.mark.parametrize(
    "arguments",
    [["--category", "E905"], ["--category", "E9999"], ["--since", "2024-02-01", "--until", "2024-01-01"]],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], planted: list[dict[str, Any]]) -> None:
    with pytest.raises(InputRefused):
        run(*arguments)


def test_where_most_is_to_be_expected_is_ranked_and_tried_beside_smooth_density(
    planted: list[dict[str, Any]],
) -> None:
    caught = {"ranking": 0.0, "smooth_density": 0.0}
    for spot in planted:
        told = run("--next", "--category", spot["category"])
        trial = told["trial"]
        assert 0.08 < trial["ranking"]["land_share"] <= 0.1
        assert 0.08 < trial["smooth_density"]["land_share"] <= 0.1
        for name in caught:
            figures = trial[name]
            assert figures["accuracy_index"] == pytest.approx(
                figures["hit_rate"] / figures["land_share"], rel=1e-3
            )
            caught[name] += figures["hit_rate"] * trial["came"]
        # Most comes where it has been hot: among the first there is a cell of the spot.
        plane = LocalPlane(spot["lon"], spot["lat"])
        first = np.array([[place["longitude"], place["latitude"]] for place in told["next"][:10]])
        assert np.hypot(*plane.to_metres(first).T).min() < spot["radius_m"] + 60
    assert caught["ranking"] >= caught["smooth_density"]


def test_what_cannot_be_tried_is_told_without_figures(planted: list[dict[str, Any]]) -> None:
    assert planted
    assert run("--next", "--since", "2000-01-01", "--until", "2000-03-01")["trial"] is None
    with pytest.raises(InputRefused, match="hexagons only"):
        run("--next", "--by", "grid")


def test_sensitive_cases_make_no_hot_spot(connection: PostgresConnection) -> None:
    town = Town(connection)
    buildings = [town.building(str(x), box(x, 100, x + 20, 120), households=40) for x in range(100, 900, 100)]
    case = {"geom": Point(110, 110), "building_id": buildings[0], "reported_at": "2024-06-01T09:00+08"}
    for building in buildings:
        town.incident(**case | {"building_id": building})
    for _ in range(50):
        town.incident(**case | {"sensitivity": "S3"})
    connection.commit()
    assert run("--since", "2024-01-01", "--until", "2024-12-31")["hotspots"] == []
    for _ in range(50):
        town.incident(**case)
    connection.commit()
    assert run("--since", "2024-01-01", "--until", "2024-12-31")["hotspots"] != []
