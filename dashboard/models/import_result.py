"""What an import would do or has done: counts, differences, refused rows, seams, and what to draw."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_file_word, tell_note, tell_reason
from dashboard.models.import_words import name_crs, name_field, name_layer, shorten
from dashboard.models.map_page import LegendEntry
from geo.store.import_jobs import ImportedBatch

STATES: Final = ("new", "updated", "unchanged", "refused")
_COUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "inserted": ("new", "import.count_new"),
    "updated": ("updated", "import.count_updated"),
    "unchanged": ("unchanged", "import.count_unchanged"),
    "rejected": ("refused", "import.count_refused"),
}
_MARKS: Final[Mapping[str, str]] = {
    "new": "import.count_new",
    "updated": "import.count_updated",
    "unchanged": "import.count_unchanged",
    "refused": "import.count_refused",
}
_MOST_LINES: Final = 200
# Fields of which the store keeps a code for a word.
_CODED: Final = frozenset(
    {"state", "severity", "request_kind", "source", "kind", "type", "management", "category", "code_system"}
)


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows fared so; ``state`` as the map's marks are called."""

    state: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Table:
    """Lines under headers, and how many there are in all where some are left out."""

    headers: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    total: int

    @property
    def is_cut(self) -> bool:
        """Whether lines are left out."""
        return self.total > len(self.lines)


@dataclass(frozen=True, slots=True)
class Result:
    """What an import would do, or has done.

    Attributes:
        title: the file, the layer, the coordinate system.
        counts: rows by what becomes of them.
        warnings: what a person should read, the gravest first.
        noted: what a person may read, and what was said before, when the file was looked at.
        differences: field by field what is changed.
        changed: how often each field is, as a line; empty where nothing is.
        refused: which rows are not taken in, and why.
        repairs: what was put right.
        seams: where grids overlap or leave land between them.
        left_out: columns that are not brought in, as sentences.
        remembered: what was taken over from the last file of its kind, as sentences.
        unplaced: how many rows land without a place, as a sentence; empty where all have one.
        features: what becomes of rows, as GeoJSON; None where there is nothing to draw.
        land: overlaps and gaps, as GeoJSON.
        has_refused_file: whether the refused rows can be taken away.
        lands_anything: whether a row is new or changed.
    """

    title: str
    counts: tuple[Count, ...]
    warnings: tuple[str, ...]
    noted: tuple[str, ...]
    differences: Table
    changed: str
    refused: Table
    repairs: Table
    seams: Table
    left_out: tuple[str, ...]
    remembered: tuple[str, ...]
    unplaced: str
    features: Mapping[str, Any] | None
    land: Mapping[str, Any] | None
    has_refused_file: bool
    lands_anything: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One import of the history."""

    batch: int
    when: str
    file_name: str
    detail: str
    can_undo: bool


def build_result(found: Mapping[str, Any], text: Text, noted: Collection[str] = ()) -> Result:
    """Return what a report or the preview of one says.

    Args:
        found: the report.
        text: in the reader's language.
        noted: what was said when the file was looked at; it is no news now.
    """
    layer, rows = found.get("layer") or "", found.get("rows") or {}
    told = [name_layer(layer, text)]
    if found.get("crs"):
        told.append(name_crs(found["crs"], text))
    if found.get("encoding"):
        told.append(str(found["encoding"]).upper().removesuffix("-SIG"))
    seams = found.get("seams") or {}
    unplaced = int(found.get("unplaced") or 0)
    features = found.get("map") or {}
    warnings = found.get("warnings") or ()
    return Result(
        title=text.join(told),
        counts=tuple(
            Count(state, text(key), text.number(rows.get(name) or 0))
            for name, (state, key) in _COUNTS.items()
        ),
        warnings=tuple(tell_note(warning, text) for warning in warnings if warning not in noted),
        noted=tuple(
            tell_note(sentence, text)
            for sentence in (*(found.get("notes") or ()), *(each for each in warnings if each in noted))
        ),
        differences=_list_differences(found.get("differences") or (), layer, text),
        changed=_write_changed(found.get("difference_counts") or {}, layer, text),
        refused=_list_refused(found.get("rejections") or {}, text),
        repairs=_list_repairs(found.get("repairs") or (), text),
        seams=_list_seams(seams, text),
        left_out=_list_left_out(found, text),
        remembered=tuple(tell_note(sentence, text) for sentence in found.get("remembered") or ()),
        unplaced=text("import.unplaced", n=unplaced) if unplaced else "",
        features=features if features.get("features") else None,
        land=_collect_land(seams),
        has_refused_file=bool(found.get("refused_file")),
        lands_anything=bool((rows.get("inserted") or 0) + (rows.get("updated") or 0)),
    )


def build_legend(result: Result, text: Text) -> list[LegendEntry]:
    """Return what the marks on the map mean, of those that are there."""
    present = {
        feature.get("properties", {}).get("state") for feature in (result.features or {}).get("features", ())
    }
    entries = [LegendEntry(f"row-{state}", text(_MARKS[state])) for state in STATES if state in present]
    if result.land:
        entries.append(LegendEntry("uncovered", text("import.seams")))
    return [*entries, LegendEntry("building", text("import.known"))]


def list_history(batches: Sequence[ImportedBatch], text: Text) -> list[HistoryLine]:
    """Return the imports of a community, the newest first."""
    return [
        HistoryLine(
            batch=batch.id,
            when=text.moment(batch.imported_at),
            file_name=batch.file_name,
            detail=text.join(_describe_batch(batch, text)),
            can_undo=batch.undone_at is None,
        )
        for batch in batches
    ]


def tell_undone(report: Mapping[str, Any], text: Text) -> str:
    """Say what was taken back."""
    undone = report.get("undone") or report
    return text(
        "import.undone",
        batch=undone.get("batch") or "",
        file=undone.get("file_name") or "",
        deleted=text.number(undone.get("deleted") or 0),
        restored=text.number(undone.get("restored") or 0),
    )


def name_refused_file(file_name: str, at: datetime) -> str:
    """Name the workbook of refused rows after the file that they come from."""
    stem = file_name.rpartition(".")[0] or file_name
    return f"{stem}-拒收-{at:%m%d%H%M}.xlsx"


def _describe_batch(batch: ImportedBatch, text: Text) -> list[str]:
    told = [name_layer(batch.layer, text), batch.imported_by or text("import.by_command")]
    counts = {
        "import.n_new": batch.inserted,
        "import.n_updated": batch.updated,
        "import.n_unchanged": batch.unchanged,
        "import.n_refused": batch.rejected,
    }
    told += [text(key, n=count) for key, count in counts.items() if count]
    if batch.undone_at is not None:
        told.append(text("import.undone_at", at=text.moment(batch.undone_at)))
    return told


def _list_differences(found: Sequence[Mapping[str, Any]], layer: str, text: Text) -> Table:
    lines = [
        (
            _write_row(entry.get("row")),
            str(entry.get("name") or ""),
            name_field(str(entry.get("field") or ""), layer, text),
            _write_stored(entry, "before", text),
            _write_stored(entry, "after", text)
            if entry.get("moved_m") is None
            else text("import.moved", metres=text.number(entry["moved_m"], digits=1)),
        )
        for entry in found[:_MOST_LINES]
    ]
    headers = ("import.row", "import.name", "import.field", "import.before", "import.after")
    return Table(tuple(map(text, headers)), tuple(lines), len(found))


def _write_stored(entry: Mapping[str, Any], which: str, text: Text) -> str:
    value = entry.get(which)
    if entry.get("field") in _CODED and isinstance(value, str):
        return tell_file_word(value, text)
    return _write_value(value, text)


def _write_changed(counts: Mapping[str, int], layer: str, text: Text) -> str:
    by_count = sorted(counts.items(), key=lambda entry: -entry[1])
    return text("month.separator").join(
        f"{name_field(field, layer, text)} {text.number(count)}" for field, count in by_count
    )


def _list_refused(found: Mapping[str, Any], text: Text) -> Table:
    lines = [
        (
            _write_row(entry.get("row")),
            str(entry.get("column") or "—"),
            tell_reason(str(entry.get("reason") or ""), text),
        )
        for entry in found.get("first") or ()
    ]
    headers = tuple(map(text, ("import.row", "import.column", "import.reason")))
    return Table(headers, tuple(lines), int(found.get("count") or len(lines)))


def _list_repairs(found: Sequence[Mapping[str, Any]], text: Text) -> Table:
    lines = [
        (_write_row(entry.get("row")), tell_note(str(entry.get("what") or ""), text))
        for entry in found[:_MOST_LINES]
    ]
    return Table(tuple(map(text, ("import.row", "import.repair"))), tuple(lines), len(found))


def _list_seams(found: Mapping[str, Any], text: Text) -> Table:
    lines = [
        (
            text("import.overlap"),
            text("import.between", a=str(entry.get("a")), b=str(entry.get("b"))),
            text("unit.square_metres", value=text.number(entry.get("area_m2") or 0)),
        )
        for entry in found.get("overlaps") or ()
    ]
    lines += [
        (
            text("import.sliver") if entry.get("sliver") else text("import.gap"),
            "",
            text("unit.square_metres", value=text.number(entry.get("area_m2") or 0)),
        )
        for entry in found.get("gaps") or ()
    ]
    headers = tuple(map(text, ("import.seam", "import.where", "import.area")))
    return Table(headers, tuple(lines[:_MOST_LINES]), len(lines))


def _list_left_out(found: Mapping[str, Any], text: Text) -> tuple[str, ...]:
    sentences = []
    for key, listed in (
        ("import.personal_left_out", found.get("personal_columns")),
        ("import.unknown_left_out", found.get("unknown_columns")),
    ):
        if listed:
            sentences.append(text(key, columns=text("month.separator").join(map(shorten, listed))))
    return tuple(sentences)


def _collect_land(seams: Mapping[str, Any]) -> Mapping[str, Any] | None:
    features = [
        {"type": "Feature", "geometry": entry["geometry"], "properties": {}}
        for entry in (*(seams.get("gaps") or ()), *(seams.get("overlaps") or ()))
        if entry.get("geometry")
    ]
    return {"type": "FeatureCollection", "features": features} if features else None


def _write_row(row: Any) -> str:
    return "" if row is None else str(row)


def _write_value(value: Any, text: Text) -> str:
    if value in (None, "", []):
        return "—"
    if isinstance(value, bool):
        return text("import.yes") if value else text("import.no")
    if isinstance(value, list):
        value = "、".join(map(str, value))
    return shorten(str(value), 40)
