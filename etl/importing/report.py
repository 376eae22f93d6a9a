"""What an import did, for a person and for a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etl.sources.table import Rejection
from geo.store.imports import RowCounts

_MOST_REJECTIONS = 100


@dataclass(frozen=True)
class ImportReport:
    """What became of a file.

    Attributes:
        batch: the batch's number, by which it can be undone; None after a dry run, or if no row landed.
        dry_run: whether all was taken back.
        file_name: the file.
        layer: the layer its rows went to.
        community: the community's code.
        rows: how many rows landed, how, and how many did not.
        rejections: why, in the order of the rows; a row may be at fault in several columns.
        warnings: sentences a person should read, the gravest first.
        crs: the coordinate system read; None where the file has no coordinates.
        encoding: the encoding read; None where the format fixes it.
        mapping: the file's column → the field it was read as.
        personal_columns: columns about persons, left out on purpose.
        unknown_columns: columns that no field takes.
        unplaced: rows that landed without a place, to be placed by hand.
    """

    batch: int | None
    dry_run: bool
    file_name: str
    layer: str
    community: str
    rows: RowCounts
    rejections: tuple[Rejection, ...]
    warnings: tuple[str, ...]
    crs: str | None
    encoding: str | None
    mapping: Mapping[str, str]
    personal_columns: tuple[str, ...]
    unknown_columns: tuple[str, ...]
    unplaced: int

    def to_dict(self) -> dict[str, Any]:
        """Describe the report in JSON's types, with the first hundred rejections."""
        return {
            "batch": self.batch,
            "dry_run": self.dry_run,
            "file": self.file_name,
            "layer": self.layer,
            "community": self.community,
            "rows": vars(self.rows),
            "rejections": {
                "count": len(self.rejections),
                "first": [vars(rejection) for rejection in self.rejections[:_MOST_REJECTIONS]],
            },
            "warnings": list(self.warnings),
            "crs": self.crs,
            "encoding": self.encoding,
            "mapping": dict(self.mapping),
            "personal_columns": list(self.personal_columns),
            "unknown_columns": list(self.unknown_columns),
            "unplaced": self.unplaced,
        }
