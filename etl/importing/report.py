"""What an import did, for a person and for a program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        notes: sentences a person may read.
        crs: the coordinate system read; None where the file has no coordinates.
        encoding: the encoding read; None where the format fixes it.
        mapping: the file's column → the field it was read as.
        personal_columns: columns about persons, left out on purpose.
        unknown_columns: columns that no field takes.
        unplaced: rows that landed without a place, to be placed by hand.
        remembered: what was taken over from the last file of the same columns, as sentences.
        differences: the first changes to stored rows, as :meth:`to_dict` gives them.
        difference_counts: store column → in how many stored rows it was changed.
        map: a feature collection of some of the rows.
        seams: overlaps and gaps of grids; None for other layers.
        repairs: number of a row whose shape was mended, and what was done to it.
        refused_file: whether the rows that were refused were written into a workbook.
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
    remembered: tuple[str, ...] = ()
    differences: tuple[Mapping[str, Any], ...] = ()
    difference_counts: Mapping[str, int] = field(default_factory=dict)
    map: Mapping[str, Any] = field(default_factory=lambda: {"type": "FeatureCollection", "features": []})
    seams: Mapping[str, Any] | None = None
    repairs: tuple[tuple[int, str], ...] = ()
    refused_file: bool = False
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Describe the report in JSON's types, with the first hundred rejections and repairs."""
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
            "notes": list(self.notes),
            "crs": self.crs,
            "encoding": self.encoding,
            "mapping": dict(self.mapping),
            "personal_columns": list(self.personal_columns),
            "unknown_columns": list(self.unknown_columns),
            "unplaced": self.unplaced,
            "remembered": list(self.remembered),
            "differences": [dict(difference) for difference in self.differences],
            "difference_counts": dict(self.difference_counts),
            "map": self.map,
            "seams": self.seams or {"overlaps": [], "gaps": []},
            "repairs": [{"row": row, "what": what} for row, what in self.repairs[:_MOST_REJECTIONS]],
            "refused_file": self.refused_file,
        }
