"""By what content a file is known again."""

from pathlib import Path

from etl.importing.importer import hash_file


def write_parts(folder: Path, stem: str, shapes: bytes) -> Path:
    for suffix, content in ((".shp", shapes), (".dbf", b"names")):
        (folder / f"{stem}{suffix}").write_bytes(content)
    return folder / f"{stem}.shp"


def test_every_part_of_a_shapefile_counts(tmp_path: Path) -> None:
    path = write_parts(tmp_path, "楼栋", b"shapes")
    before = hash_file(path)
    path.with_suffix(".dbf").write_bytes(b"other names")
    assert hash_file(path) != before


def test_brackets_in_a_name_are_no_pattern(tmp_path: Path) -> None:
    # A second download is called so; as a pattern 楼栋[1] is 楼栋1, and both of these would be nothing.
    first = hash_file(write_parts(tmp_path, "楼栋[1]", b"shapes"))
    assert hash_file(write_parts(tmp_path, "楼栋[2]", b"others")) != first
