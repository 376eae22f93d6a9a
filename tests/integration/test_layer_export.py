"""Layers taken out: they come in unchanged, or whole, and nobody takes out what he may not see."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import psycopg2
import pyogrio
import pytest
from click.testing import CliRunner
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from dashboard.i18n import Text
from dashboard.models.layer_download import make_file
from etl.cli import cli
from etl.importing.columns.layers import load_layers, simplify
from etl.importing.columns.mapping import map_columns
from etl.importing.importer import import_file
from geo.cluster import Cluster
from geo.errors import InputRefused, WanggeError
from geo.model.actor import Role
from geo.operations.layer_export import Taken, export_content, export_layer, list_told_fields, read_words
from geo.operations.layer_files import cut_names
from geo.settings import get_settings
from geo.store.engine import acting_as
from geo.store.places import list_communities
from tests.actors import make_actor
from tests.conftest import clone_database
from tests.import_town import ImportTown, ask
from tests.plan_town import TODAY as PLAN_TODAY
from tests.plan_town import PlanTown
from tests.town import Town

TODAY = date(2026, 11, 22)
ENDINGS = (".gpkg", ".geojson", ".csv", ".xlsx", ".kml", ".zip")
LAYERS = ("grids", "compounds", "buildings", "merchants", "incidents")
REPORTED = datetime(2026, 11, 1, 3, 4, 5, 678901, UTC)
WATERMARK = {"导出人": "王", "导出时间": "2026-11-22 08:00"}


class Filled(ImportTown):
    """A town in which every column of every layer says something somewhere, and nothing somewhere else."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.micro = self.grid(
            "01-1", box(0, 0, 250, 500), kind="micro", name="微网格一", parent_id=self.west,
            official_code="450200000000001", external_id="G-1", valid_to=date(2030, 1, 1),
        )  # fmt: skip
        bay = self.add(
            "compound", code="007", name="=丽景湾", aliases=["湾里", "老湾"], external_id="X7", type="old",
            management="none", address="柳州路1号", has_property_management=False, has_responsible_unit=False,
            has_security=False, three_no_definition="市三无办法", three_no_reviewed_on=date(2026, 1, 2),
            has_owners_committee=True, owners_committee_until=date(2027, 5, 6), geom=box(600, 100, 800, 300),
        )  # fmt: skip
        third = self.building(
            "B3", box(620, 120, 680, 140), name="3栋", external_id="X-3", kind="mixed", address="柳州路1号",
            floors=18, entrances=2, households=72, residents=190, elderly=31, built_year=1998,
            verified_on=date(2026, 3, 4), compound_id=bay,
        )  # fmt: skip
        self.add(
            "merchant", code="M1", name="麒麟小馆", external_id="91450200MA5K", category="restaurant",
            address="柳州路1号", partner_since=date(2025, 2, 9), geom=Point(650, 130), building_id=third,
        )  # fmt: skip
        self.add("merchant", code="M2", name="未落图")
        self.case(
            external_id="0012", title="=1+1", description='第一行\n第二行，"引号"', address="柳州路1号3栋501",
            geom=Point(650, 130), geocode_quality="dwelling", building_id=third, compound_id=bay,
            grid_id=self.east, request_kind="complaint", severity="high",
            state="rated", due_at=REPORTED, handled_at=REPORTED, closed_at=REPORTED, source="hotline_12345",
            source_system="12345",
        )  # fmt: skip
        self.case(external_id="0013", description="字" * 12_000, source_system="12345")
        # Of our own: no system has given it a number.
        self.case(
            title="路灯不亮 13812345678",
            geom=Point(400, 400),
            geocode_quality="manual",
            source="patrol",
            grid_id=self.west,
        )
        self.case(category_code="E902", sensitivity="S3", title="保密", external_id="S", geom=Point(10, 10),
                  geocode_quality="manual", grid_id=self.west)  # fmt: skip
        connection.commit()

    def case(self, **values: object) -> int:
        return self.add(
            "incident",
            **{"category_code": "E101", "source": "other", "reported_at": REPORTED} | values,
        )


@pytest.fixture(scope="module")
def filled_url(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    with clone_database(cluster, migrated_template) as url:
        with closing(psycopg2.connect(url)) as connection:
            Filled(connection)
        yield url


@pytest.fixture
def town_url(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The filled town, which no test changes, as the installation's database."""
    monkeypatch.setenv("WANGGE_DATABASE_URL", filled_url)
    monkeypatch.setenv("WANGGE_GCJ02_EXPORT", "true")
    get_settings.cache_clear()
    yield filled_url
    get_settings.cache_clear()


def take_out(layer: str, path: Path, **options: object) -> Taken:
    (community,) = list_communities()
    return export_layer(layer, path, community, on_day=TODAY, **options)  # type: ignore[arg-type]


def fetch_rows(layer: str, path: Path) -> list[list[str]]:
    """Read a layer taken out as CSV, its header first."""
    take_out(layer, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("layer", LAYERS)
def test_what_goes_out_comes_in_unchanged(layer: str, ending: str, town_url: str, tmp_path: Path) -> None:
    path = tmp_path / f"{layer}{ending}"
    taken = take_out(layer, path, language="en" if ending in {".gpkg", ".csv"} else "zh")
    assert taken.rows > 1
    report = import_file(town_url, path, dry_run=True)
    assert (report.layer, report.rejections) == (layer, ())
    assert (report.rows.total, report.rows.unchanged) == (taken.rows, taken.rows)
    # Nothing that a Shapefile can hold is lost: twelve thousand characters are not among it.
    assert taken.left_out == (ending == ".zip" and layer == "incidents")


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".kml"])
@pytest.mark.parametrize("layer", ["buildings", "incidents"])
def test_in_gcj02_too_it_comes_in_unchanged(layer: str, ending: str, town_url: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{ending}"
    taken = take_out(layer, path, crs="gcj02")
    report = import_file(town_url, path, dry_run=True)
    assert report.crs == "gcj02"
    assert (report.rows.total, report.rows.unchanged) == (taken.rows, taken.rows)


def test_gcj02_is_shifted_and_goes_out_only_where_it_may(
    town_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out("merchants", tmp_path / "true.csv")
    take_out("merchants", tmp_path / "shifted.csv", crs="gcj02")
    places = []
    for name in ("true.csv", "shifted.csv"):
        with (tmp_path / name).open(encoding="utf-8-sig") as file:
            row = next(csv.DictReader(file))
            places.append((float(row["经度"]), float(row["纬度"])))
    east_m, north_m = (np.array(places[1]) - places[0]) * (94_400, 111_000)
    assert 300 < np.hypot(east_m, north_m) < 700
    with pytest.raises(InputRefused, match="nothing could say that it is"):
        take_out("merchants", tmp_path / "shifted.gpkg", crs="gcj02")
    monkeypatch.setenv("WANGGE_GCJ02_EXPORT", "false")
    get_settings.cache_clear()
    with pytest.raises(InputRefused, match="switched off"):
        take_out("merchants", tmp_path / "again.csv", crs="gcj02")
    assert not list(tmp_path.glob("again*")) + list(tmp_path.glob("shifted.gpkg*"))


@pytest.mark.parametrize("ending", [".gpkg", ".xlsx"])
def test_into_an_empty_community_all_of_it_comes(
    ending: str, town_url: str, tmp_path: Path, cluster: Cluster, migrated_template: str
) -> None:
    for layer in LAYERS:
        take_out(layer, tmp_path / f"{layer}{ending}")
    before = {layer: fetch_rows(layer, tmp_path / f"{layer}.csv") for layer in LAYERS}
    with clone_database(cluster, migrated_template) as url:
        with closing(psycopg2.connect(url)) as connection:
            Town(connection)
            connection.commit()
        for layer in LAYERS:
            report = import_file(url, tmp_path / f"{layer}{ending}")
            assert report.rejections == ()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WANGGE_DATABASE_URL", url)
            get_settings.cache_clear()
            after = {layer: fetch_rows(layer, tmp_path / f"{layer}.csv") for layer in LAYERS}
        get_settings.cache_clear()
    assert after == before


def test_a_reader_takes_what_he_may_see_and_an_import_cannot_put_masks_over_the_words(
    town_url: str, tmp_path: Path
) -> None:
    (community,) = list_communities()

    def take_as(role: Role) -> list[dict[str, str]]:
        with acting_as(make_actor(community.id, role=role)):
            content = export_content("incidents", ".csv", community, on_day=TODAY, watermark=WATERMARK)
        (tmp_path / f"{role}.csv").write_bytes(content)
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    seen = take_as("secretary")
    assert {row["脱敏主题"] for row in seen} == {"'=1+1", "", "路灯不亮 138****5678"}
    assert {row["脱敏地址"] for row in seen} == {"柳州路1号3栋***", ""}
    assert not {"诉求主题", "诉求内容", "地址"} & set(seen[0])
    assert {row["类别编码"] for row in seen} == {"E101"}, "nothing sealed or sensitive"
    assert {row["脱敏主题"] for row in take_as("administrator")} == {""}
    report = import_file(town_url, tmp_path / "secretary.csv", dry_run=True)
    assert (report.rows.total, report.rows.unchanged) == (3, 3)


def test_who_took_what_is_in_the_log_and_on_the_file(town_url: str, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    take_out("buildings", path, watermark=WATERMARK)
    sheet = openpyxl.load_workbook(path)["楼栋"]
    assert sheet["A1"].value == "导出人 王 · 导出时间 2026-11-22 08:00"
    assert (sheet["A2"].value, sheet["A3"].value) == ("楼栋编号", "B1")
    assert "王" in str(sheet.oddFooter)
    with closing(psycopg2.connect(town_url)) as connection:
        ((object_type, rows, details),) = ask(
            connection,
            "SELECT object_type, row_count, details FROM audit_log WHERE details->>'导出人' = '王' "
            "AND details->>'kind' = 'xlsx'",
        )
    assert (object_type, rows) == ("building", 3)
    assert isinstance(details, dict)
    assert details["layer"] == "buildings"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_page_gives_every_layer_away_with_who_took_it(layer: str, language: str, town_url: str) -> None:
    (community,) = list_communities()
    content = make_file(
        layer, ".xlsx", "cgcs2000", community, make_actor(community.id), Text(language), TODAY
    )
    (sheet,) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    assert " 王 · " in sheet["A1"].value
    assert sheet.max_row > 3


def test_a_shapefile_says_its_encoding_and_a_geopackage_its_system(town_url: str, tmp_path: Path) -> None:
    take_out("compounds", tmp_path / "out.zip")
    take_out("compounds", tmp_path / "out.gpkg", crs="wgs84")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read("compounds.cpg") == b"UTF-8"
        assert {Path(name).suffix for name in archive.namelist()} == {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    info = pyogrio.read_info(tmp_path / "out.gpkg")
    assert (info["crs"], info["layer_name"]) == ("EPSG:4326", "compounds")


def test_zones_go_out_as_the_map_draws_them(database_url: str, tmp_path: Path) -> None:
    town = PlanTown(database_url)
    community = next(found for found in list_communities() if found.id == town.id)
    export_layer("zones", tmp_path / "zones.geojson", community, on_day=PLAN_TODAY)
    features = json.loads((tmp_path / "zones.geojson").read_text())["features"]
    assert len(features) == 2
    assert {feature["geometry"]["type"] for feature in features} == {"MultiPolygon"}
    assert sum(feature["properties"]["楼栋数"] for feature in features) == len(town.buildings)


@pytest.mark.parametrize(
    ("layer", "name", "options", "told"),
    [
        ("grids", "out.dwg", {}, "says the format"),
        ("streets", "out.csv", {}, "choose one of grids"),
        ("grids", "out.csv", {"crs": "bd09"}, "not in 'bd09'"),
        ("grids", "nowhere/out.csv", {}, "cannot be written"),
        ("grids", "out.csv", {"most": 2}, "more than 2 rows"),
        ("grids", "out.gpkg", {"most": 2}, "more than 2 rows"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    layer: str, name: str, options: dict[str, object], told: str, town_url: str, tmp_path: Path
) -> None:
    with pytest.raises(WanggeError, match=told):
        take_out(layer, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_a_layer_out(town_url: str, tmp_path: Path) -> None:
    path = tmp_path / "商户.csv"
    result = CliRunner().invoke(cli, ["export", "merchants", str(path), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "layer": "merchants", "community": "A", "file": str(path), "crs": "EPSG:4490", "rows": 2,
        "left_out": 0,
    }  # fmt: skip
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("layer", LAYERS)
def test_an_import_knows_every_header_and_every_word(layer: str, language: str) -> None:
    known, words = load_layers()[layer], read_words(layer, language)
    asked = {field: header for field, header in words.headers.items() if field not in list_told_fields()}
    place = ["lon", "lat"] if known.shape == "point" else ["wkt"]
    header = [*words.headers.values(), *place]
    for columns in (header, cut_names(header)):
        told = map_columns(columns, known, {}, "out")
        found = {field: header[columns.index(column)] for field, column in told.fields.items()}
        assert found == asked | dict(zip(place, place, strict=True))
    for field, codes in words.words.items():
        read, otherwise = known.fields[field].choices, known.fields[field].otherwise
        # What any other word stands for may be nothing, which is not written.
        assert set(codes) == {*read.values(), otherwise} - {None, ""}
        for code, word in codes.items():
            assert read.get(simplify(word), otherwise) == code
