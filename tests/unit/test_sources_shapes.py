"""GeoJSON, GeoPackage and Shapefile: coordinate systems, encodings, layers, damage."""

import json
import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from etl.sources.reading import read_source
from geo.errors import InputRefused, UnreadableFile

FRAME = gpd.GeoDataFrame(
    {"名称": ["䶮家小区", "幸福里"], "户数": [300, 12]},
    geometry=[shapely.box(109.40, 24.30, 109.41, 24.31), shapely.box(109.41, 24.30, 109.42, 24.31)],
    crs=4490,
)


def write_shapefile(folder: Path, encoding: str = "gb18030", *, cpg: bool = False, prj: bool = True) -> Path:
    path = folder / "小区.shp"
    # The library writes UTF-8, so the text is written as its bytes, one character each.
    raw = FRAME.copy()
    raw["名称"] = [name.encode(encoding).decode("latin-1") for name in FRAME["名称"]]
    raw = raw.rename(columns={name: name.encode(encoding).decode("latin-1") for name in ("名称", "户数")})
    raw.to_file(path, encoding="ISO-8859-1", engine="pyogrio")
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(encoding)
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


def zip_up(folder: Path, *shapefiles: Path, inside: str = "") -> Path:
    target = folder / "all.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for shapefile in shapefiles:
            for part in shapefile.parent.glob(f"{shapefile.stem}.*"):
                archive.write(part, inside + part.name)
    return target


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("cpg", [True, False])
def test_shapefile_text_is_read_with_and_without_cpg(tmp_path: Path, encoding: str, cpg: bool) -> None:
    table = read_source(write_shapefile(tmp_path, encoding, cpg=cpg))
    assert table.encoding == encoding
    assert list(table.rows) == ["名称", "户数"]
    assert table.rows["名称"].to_list() == ["䶮家小区", "幸福里"]
    assert table.rows["户数"].to_list() == [300, 12]
    assert any("Nothing says" in warning for warning in table.warnings) == (encoding == "gb18030" and not cpg)


def test_wrong_cpg_does_not_win_over_the_bytes(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "gb18030")
    path.with_suffix(".cpg").write_text("UTF-8")
    assert read_source(path).rows["名称"].to_list() == ["䶮家小区", "幸福里"]


def test_text_cut_inside_a_character_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "long.shp"
    cut = "幸福里小区".encode()[:-1].decode("latin-1")
    frame = gpd.GeoDataFrame({"name": [cut]}, geometry=[shapely.Point(109.4, 24.3)], crs=4326)
    frame.to_file(path, encoding="ISO-8859-1", engine="pyogrio")
    path.with_suffix(".cpg").unlink()
    table = read_source(path)
    assert (table.encoding, table.rows["name"].to_list()) == ("utf-8", ["幸福里小"])


def test_shapefile_crs_comes_from_its_prj_alone(tmp_path: Path) -> None:
    assert read_source(write_shapefile(tmp_path)).declared_crs == "EPSG:4490"
    assert read_source(write_shapefile(tmp_path, prj=False)).declared_crs is None


def test_missing_index_is_made_anew_and_the_folder_left_alone(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path)
    path.with_suffix(".shx").unlink()
    table = read_source(path)
    assert len(table.rows) == 2
    assert any(".shx" in warning for warning in table.warnings)
    assert not path.with_suffix(".shx").exists()


def test_zip_with_folder_and_chinese_names_is_read(tmp_path: Path) -> None:
    table = read_source(zip_up(tmp_path, write_shapefile(tmp_path), inside="交付/"))
    assert (table.name, len(table.rows)) == ("小区", 2)


def test_zip_of_several_layers_asks_with_their_names(tmp_path: Path) -> None:
    first = write_shapefile(tmp_path)
    for part in tmp_path.glob("小区.*"):
        shutil.copy(part, part.with_stem("网格"))
    archive = zip_up(tmp_path, first, first.with_stem("网格"))
    with pytest.raises(InputRefused, match=r"2 layers: .*“网格”"):
        read_source(archive)
    assert read_source(archive, "网格").name == "网格"


def test_zip_without_shapefile_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(UnreadableFile, match="holds no file that we read"):
        read_source(tmp_path / "x.zip")
    (tmp_path / "y.zip").write_bytes(b"PK not a zip")
    with pytest.raises(UnreadableFile, match="damaged"):
        read_source(tmp_path / "y.zip")


def test_damaged_shapefile_is_refused(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path)
    path.write_bytes(b"\0" * 40)
    path.with_suffix(".shx").unlink()
    with pytest.raises(UnreadableFile, match=r"小区\.shp is damaged"):
        read_source(path)


def write_json(folder: Path, content: object) -> Path:
    path = folder / "x.geojson"
    path.write_text(json.dumps(content))
    return path


def test_geojson_declares_a_crs_only_where_it_has_one(tmp_path: Path) -> None:
    content = json.loads(FRAME.to_json())
    content.pop("crs", None)
    assert read_source(write_json(tmp_path, content)).declared_crs is None
    content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    assert read_source(write_json(tmp_path, content)).declared_crs == "EPSG:4549"


def test_points_are_read_where_some_are_missing_or_have_heights(tmp_path: Path) -> None:
    def feature(coordinates: list[float] | None) -> dict[str, object]:
        shape = None if coordinates is None else {"type": "Point", "coordinates": coordinates}
        return {"type": "Feature", "properties": {"a": 1}, "geometry": shape}

    flat = [feature(xy) for xy in ([109.4, 24.3], None, [109.5, 24.4])]
    table = read_source(write_json(tmp_path, {"type": "FeatureCollection", "features": flat}))
    assert table.points is not None
    assert table.points[[0, 2]].tolist() == [[109.4, 24.3], [109.5, 24.4]]
    assert np.isnan(table.points[1]).all()
    high = [feature([109.4, 24.3, 90.0]), feature([109.5, 24.4, 91.0])]
    table = read_source(write_json(tmp_path, {"type": "FeatureCollection", "features": high}))
    assert table.geometry is not None
    assert shapely.get_x(table.geometry).tolist() == [109.4, 109.5]


def test_geojson_in_gb18030_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    path.write_bytes(json.dumps(json.loads(FRAME.to_json()), ensure_ascii=False).encode("gb18030"))
    table = read_source(path)
    assert (table.encoding, table.rows["名称"].to_list()) == ("gb18030", ["䶮家小区", "幸福里"])


def test_bare_geometry_and_missing_geometry_are_read(tmp_path: Path) -> None:
    bare = read_source(write_json(tmp_path, {"type": "Point", "coordinates": [109.4, 24.3]}))
    assert bare.points is not None
    assert bare.points.tolist() == [[109.4, 24.3]]
    nowhere = {"type": "Feature", "properties": {"a": 1}, "geometry": None}
    table = read_source(write_json(tmp_path, {"type": "FeatureCollection", "features": [nowhere]}))
    assert table.points is not None
    assert np.isnan(table.points).all()
    assert table.unreadable == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [([{"service_code": "1"}], "not GeoJSON"), ({"type": "Topology"}, "damaged"), ({"a": 1}, "not GeoJSON")],
)
def test_json_of_another_kind_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read_source(write_json(tmp_path, content))


def test_truncated_geojson_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(FRAME.to_json()[:200])
    with pytest.raises(UnreadableFile, match="damaged"):
        read_source(path)


def test_geopackage_with_several_layers_asks(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    FRAME.to_file(path, layer="小区")
    assert read_source(path).rows["名称"].to_list() == ["䶮家小区", "幸福里"]
    assert read_source(path).declared_crs == "EPSG:4490"
    FRAME.to_file(path, layer="网格")
    with pytest.raises(InputRefused, match="“小区”, “网格”"):
        read_source(path)
    assert read_source(path, "网格").name == "网格"


def test_file_that_only_claims_to_be_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    path.write_text(FRAME.to_json())
    with pytest.raises(UnreadableFile, match="damaged or not of the kind"):
        read_source(path)
