"""Old workbooks (.xls, .et), tried out in a process of their own.

Of a damaged one its reader may ask for a hundred gigabytes, and what does not get them ends its process.
"""

import resource
import subprocess
import sys
from pathlib import Path

from python_calamine import CalamineWorkbook

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Four times what the largest sheet of an old workbook takes, 65,536 rows of 256 columns.
_MOST_BYTES = 2 << 30
_PATIENCE_S = 30


def breaks_reader(path: Path) -> bool:
    """Whether a workbook is an old one that cannot be read without harm; of any other file False."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return False
    command = (sys.executable, "-m", __name__, str(path.resolve()))
    try:
        tried = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return True
    # What the reader tells of by itself, it tells again; a signal it did not survive.
    return tried.returncode < 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    workbook = CalamineWorkbook.from_path(sys.argv[1])
    for sheet in workbook.sheets_metadata:
        workbook.get_sheet_by_name(sheet.name)
