"""A sample of damaged files: none crashes the import, hangs it, swells it or leaves anything half done."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg2

from tests.fuzz_runner import fuzz
from tests.fuzz_seeds import make_seeds
from tests.import_town import ImportTown

# Two of each kind; the others are the benchmark's.
_FILES = 58


def test_damaged_files_land_or_are_refused_in_a_sentence(database_url: str, tmp_path: Path) -> None:
    with closing(psycopg2.connect(database_url)) as connection:
        ImportTown(connection)
    folder = tmp_path / "files"
    folder.mkdir()
    found = list(fuzz(database_url, make_seeds(), range(_FILES), folder))
    assert [outcome for outcome in found if outcome.is_fault] == []
    # It is not all refused at the door, nor harmless.
    counted = Counter(outcome.what for outcome in found)
    assert min(counted["landed"], counted["refused"]) > _FILES // 10
