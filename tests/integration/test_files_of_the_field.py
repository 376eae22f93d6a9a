"""Files with the troubles of the field: each ends as ``docs/files.md`` says, which lists exactly these."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file
from geo.cluster import Cluster
from geo.errors import InputRefused
from tests.conftest import clone_database
from tests.field_archives import ARCHIVES
from tests.field_books import BOOKS
from tests.field_cities import CITIES
from tests.field_drawings import DRAWINGS
from tests.field_feeds import FEEDS
from tests.field_files import FieldFile
from tests.field_portals import PORTALS
from tests.field_ruins import RUINS
from tests.field_shapes import SHAPES
from tests.field_strangers import STRANGERS
from tests.field_texts import TEXTS
from tests.import_town import ImportTown

DOCUMENT = Path(__file__).parents[2] / "docs" / "files.md"
SECTIONS = {
    "Text": TEXTS,
    "Workbooks": BOOKS,
    "Feeds of other systems": FEEDS,
    "Files by strangers": STRANGERS,
    "Portals, databases and programs": (*PORTALS, *CITIES),
    "Half ruined": RUINS,
    "Shapes": SHAPES,
    "Drawings, extracts and other maps": DRAWINGS,
    "Zips, and what is not read": ARCHIVES,
}
FILES = [file for files in SECTIONS.values() for file in files]


@pytest.fixture(scope="module")
def town(cluster: Cluster, migrated_template: str) -> Iterator[PostgresConnection]:
    with (
        clone_database(cluster, migrated_template) as url,
        closing(psycopg2.connect(url, options="-c timezone=UTC")) as connection,
    ):
        ImportTown(connection)
        yield connection


@pytest.mark.parametrize("field_file", FILES, ids=lambda file: file.file)
def test_a_file_ends_as_the_document_says(
    field_file: FieldFile, town: PostgresConnection, tmp_path: Path
) -> None:
    path = tmp_path / field_file.file
    field_file.make(path)
    options: dict[str, Any] = dict(field_file.options)
    try:
        if field_file.stopped:
            with pytest.raises(InputRefused) as refused:
                import_file(town, path, **options)
            assert field_file.stopped in str(refused.value)
            assert str(refused.value).isprintable()
            return
        report = import_file(town, path, **options)
        assert report.rows.total - report.rows.rejected == field_file.landed, report.rejections
        assert len({rejection.row for rejection in report.rejections}) == len(field_file.refused)
        for rejection, reason in zip(report.rejections, field_file.refused, strict=False):
            assert reason in rejection.reason
        for sentence in field_file.told:
            assert any(sentence in warning for warning in report.warnings), report.warnings
        if field_file.keeps:
            query, answer = field_file.keeps
            with town.cursor() as cursor:
                cursor.execute(query)
                assert cursor.fetchall() == [(answer,)]
    finally:
        town.rollback()


def test_the_document_lists_exactly_these() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == write_document()
    assert len(FILES) >= 60
    assert len({file.file for file in FILES}) == len(FILES)


def write_document() -> str:
    lines = [
        "# Files of the field",
        "",
        "What an import makes of files as communities have them. Every line is a test:",
        "`tests/integration/test_files_of_the_field.py` makes the file, brings it in, and compares.",
        "What is in quotation marks is part of what the import says.",
    ]
    for title, files in SECTIONS.items():
        lines += ["", f"## {title}", "", "| file | trouble | outcome |", "|---|---|---|"]
        lines += [f"| {file.file} | {file.trouble} | {file.outcome} |" for file in files]
    return "\n".join(lines) + "\n"
