"""What a file holds and what is asked about it: its layer, its coordinate system, its columns."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_note
from dashboard.models.import_words import LAYERS, name_crs, name_field, name_layer, shorten, tell_apart

# What is offered where the evidence names nothing else.
_USUAL_SYSTEMS: Final = ("4490", "gcj02", "bd09")
_MOST_HYPOTHESES: Final = 4
# A share that is not larger by so much convinces nobody.
_TELLING_SHARE: Final = 0.1
# Within decimetres the same on the ground, and offered as one.
_SAME: Final = {"4326": "4490", "wgs84": "4490"}
# Fields in which coordinates stand.
_PLACES: Final = frozenset({"lon", "lat", "lonlat", "wkt"})
# The empty field leaves a column out.
LEFT_OUT: Final = ""


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column of the file.

    Attributes:
        header: as the file has it.
        field: the field that it was taken for, or :data:`LEFT_OUT`.
        is_personal: whether it is about persons, and therefore never brought in.
        is_question: whether the field was guessed and may be wrong.
        samples: some of its values; none of a personal one.
    """

    header: str
    field: str
    is_personal: bool
    is_question: bool
    samples: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """How well the file fits the community under one coordinate system.

    Attributes:
        crs: the system, as an import takes it.
        label: what it is called.
        told: how many features lie in the community then, as a sentence.
        features: where the file's features lie then, GeoJSON in EPSG:4490; None where it is not known.
    """

    crs: str
    label: str
    told: str
    features: Mapping[str, Any] | None

    @property
    def short(self) -> str:
        """The label without whose files they are."""
        return re.split(r"（| \(", self.label)[0]


@dataclass(frozen=True, slots=True)
class Datum:
    """The question in which coordinate system a file is.

    Attributes:
        is_asked: whether it has coordinates at all.
        declared: what the file says, as a sentence; empty where it says nothing.
        challenge: what speaks against that, as a sentence; empty where nothing does.
        hypotheses: the likeliest first.
        chosen: what would be used; None where it is yet to be chosen.
        unasked: what would be used if nobody said anything: the file says so, and nothing speaks against it.
        choices: every system on offer.
        is_elsewhere: whether nothing of the file lies in the community under any system.
    """

    is_asked: bool
    declared: str
    challenge: str
    hypotheses: tuple[Hypothesis, ...]
    chosen: str | None
    unasked: str | None
    choices: tuple[str, ...]
    is_elsewhere: bool

    def find(self, crs: str | None) -> Hypothesis | None:
        """Return the hypothesis of a system."""
        return next((each for each in self.hypotheses if each.crs == crs), None)


@dataclass(frozen=True, slots=True)
class Choices:
    """All that is asked about a file before anything is tried.

    Attributes:
        source_layers: layers or sheets of the file with what they are called, where there are several.
        source_layer: the one that was read.
        layers: what rows can become, with names.
        layer: what these are taken for; None where it cannot be told.
        columns: in the order of the file.
        fields: what a column can be, with names, :data:`LEFT_OUT` first.
        needed: fields of which a column must be one, or nothing can be brought in.
        datum: in which coordinate system it is.
        notes: what was noticed.
        is_remembered: whether the choices are those of the last time.
    """

    source_layers: Mapping[str, str]
    source_layer: str | None
    layers: Mapping[str, str]
    layer: str | None
    columns: tuple[ColumnLine, ...]
    fields: Mapping[str, str]
    needed: tuple[str, ...]
    datum: Datum
    notes: tuple[str, ...]
    is_remembered: bool


def build_choices(look: Mapping[str, Any], options: Mapping[str, Any], text: Text) -> Choices:
    """Return what is asked.

    Args:
        look: what was found in the file; see ``geo.store.import_jobs``.
        options: what has been chosen so far, which goes before what was guessed.
        text: the reader's language.
    """
    chosen = look.get("chosen") or {}
    layer = options.get("layer") or chosen.get("layer")
    given = options.get("mapping") or {}
    columns = tuple(_build_column(column, given) for column in look.get("columns") or ())
    taken = {column.field for column in columns}
    listed = {entry["name"]: entry for entry in look.get("fields") or ()}
    fields = {name: name_field(name, layer, text, entry) for name, entry in listed.items()}
    sources = {
        entry["name"]: _name_source(entry["name"], entry.get("rows"), text)
        for entry in look.get("layers") or ()
    }
    return Choices(
        source_layers=tell_apart(sources) if len(sources) > 1 else {},
        source_layer=options.get("source_layer") or chosen.get("source_layer"),
        layers={name: name_layer(name, text) for name in LAYERS},
        layer=layer if layer in LAYERS else None,
        columns=columns,
        fields=tell_apart({LEFT_OUT: text("import.left_out"), **fields}),
        needed=tuple(name for name, entry in listed.items() if entry.get("required")),
        datum=_build_datum(
            look.get("datum") or {},
            options.get("crs") or chosen.get("crs"),
            text,
            has_places=not taken.isdisjoint(_PLACES),
        ),
        notes=tuple(tell_note(note, text) for note in look.get("notes") or ()),
        is_remembered=bool(look.get("remembered")),
    )


def write_mapping(columns: Sequence[ColumnLine], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return header → field of every column that is not about persons, as an import takes it.

    Args:
        columns: of the file.
        chosen: header → field where somebody chose; others stay as they were taken.
    """
    return {
        column.header: chosen.get(column.header, column.field) for column in columns if not column.is_personal
    }


def find_doubles(mapping: Mapping[str, str]) -> tuple[str, ...]:
    """Return the fields for which two columns were chosen."""
    fields = [field for field in mapping.values() if field != LEFT_OUT]
    return tuple(dict.fromkeys(field for field in fields if fields.count(field) > 1))


def _build_column(column: Mapping[str, Any], given: Mapping[str, str]) -> ColumnLine:
    header, is_personal = str(column["header"]), bool(column.get("personal"))
    samples = [shorten(str(value)) for value in column.get("samples") or () if value not in {None, ""}]
    return ColumnLine(
        header=header,
        field=LEFT_OUT if is_personal else given.get(header, column.get("field") or LEFT_OUT),
        is_personal=is_personal,
        is_question=bool(column.get("question")) and header not in given,
        samples="" if is_personal else "、".join(samples),
    )


def _name_source(name: str, rows: int | None, text: Text) -> str:
    if rows is None:
        return name
    return text("import.source_rows", name=name, n=rows)


def _build_datum(found: Mapping[str, Any], asked: str | None, text: Text, *, has_places: bool) -> Datum:
    drawn, listed = found.get("map") or {}, found.get("hypotheses") or ()
    challenge, declared = found.get("challenge") or "", found.get("declared")
    offered = _drop_repeats(
        [*(entry["crs"] for entry in listed), *filter(None, (declared, asked)), *_USUAL_SYSTEMS]
    )
    unasked = None if challenge else _find_spelling(declared, offered)
    proposed = found.get("proposed") if found.get("certain") else None
    # What the file says is no answer where its own places contradict it.
    told = None if challenge else found.get("chosen")
    chosen = _find_spelling(asked or told or unasked or proposed, offered)
    # In which order the axes stand an import finds out by itself.
    once = {entry["crs"]: entry for entry in reversed(listed) if entry.get("n")}
    likeliest = list(dict.fromkeys(entry["crs"] for entry in listed if entry["crs"] in once))
    suggested = "import.datum_proposed"
    if found.get("certain") and not _is_told_by_share(list(once.values()), found.get("proposed")):
        suggested = "import.datum_proposed_by_places"
    return Datum(
        is_asked=bool(listed or declared or found.get("needed")) or has_places,
        declared=text("import.datum_declared", crs=name_crs(declared, text)) if declared else "",
        challenge=tell_note(challenge, text) if challenge else "",
        hypotheses=tuple(
            _build_hypothesis(
                entry,
                drawn.get(entry["crs"]),
                suggested if entry["crs"] == found.get("proposed") else "",
                text,
            )
            for entry in (once[crs] for crs in likeliest)
            if entry["crs"] in {*likeliest[:_MOST_HYPOTHESES], chosen}
        ),
        chosen=chosen,
        unasked=unasked,
        choices=tuple(offered),
        is_elsewhere=bool(once) and not any(entry.get("share_inside") for entry in listed),
    )


def _is_told_by_share(entries: Sequence[Mapping[str, Any]], proposed: str | None) -> bool:
    """Whether the proposed system brings clearly more into the community than any other."""
    shares = {entry["crs"]: float(entry.get("share_inside") or 0) for entry in entries}
    best = shares.pop(proposed or "", 0.0)
    return all(share <= best - _TELLING_SHARE for share in shares.values())


def _drop_repeats(systems: Sequence[str]) -> list[str]:
    """Leave out what is offered already under another spelling: 4490, EPSG:4490."""
    plain: dict[str, str] = {}
    for system in systems:
        plain.setdefault(_simplify(system), system)
    return list(plain.values())


def _find_spelling(wanted: str | None, offered: Sequence[str]) -> str | None:
    """Return a system as it is spelt among those on offer."""
    if wanted is None:
        return None
    return next((system for system in offered if _simplify(system) == _simplify(wanted)), wanted)


def _simplify(crs: str) -> str:
    plain = crs.removeprefix("EPSG:").lower()
    return _SAME.get(plain, plain)


def _build_hypothesis(
    entry: Mapping[str, Any], features: Mapping[str, Any] | None, suggested: str, text: Text
) -> Hypothesis:
    count = int(entry.get("n") or 0)
    inside = round(float(entry.get("share_inside") or 0) * count)
    label = name_crs(entry["crs"], text)
    if entry.get("swapped"):
        label = text("import.crs_swapped", crs=label)
    told = text("import.datum_share", crs=label, inside=text.number(inside), total=text.number(count))
    return Hypothesis(
        crs=entry["crs"],
        label=label,
        told=text(suggested, told=told) if suggested else told,
        features=features,
    )
