"""The layers that files bring, and the words files call their fields and values by (``vocabulary.toml``)."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Kind(StrEnum):
    """How the value of a field is read."""

    TEXT = "text"
    LABEL = "label"
    TEXTS = "texts"
    COUNT = "count"
    DAY = "day"
    MOMENT = "moment"
    FLAG = "flag"
    CHOICE = "choice"
    NUMBER = "number"


@dataclass(frozen=True)
class Field:
    """One thing a file can say of a row.

    Attributes:
        name: the store's column, or a stand-in that a later step turns into columns.
        kind: how its values are read.
        headers: what files call it, simplified, the most telling first.
        choices: for a choice, simplified word → the store's code; the codes themselves are among the words.
        otherwise: for a choice, the code that any other word stands for; the empty text leaves such a cell
            empty, None refuses it.
        default: what a new row has where the file leaves the cell empty; None allows an empty value.
        is_stored: whether the value goes into the store's column as it is.
    """

    name: str
    kind: Kind
    headers: tuple[str, ...]
    choices: Mapping[str, str]
    otherwise: str | None
    default: Any
    is_stored: bool


@dataclass(frozen=True)
class Layer:
    """One kind of place or case that files bring.

    Attributes:
        name: as on the command line and in ``layer_version``.
        table: the store's table.
        shape: ``polygon``, ``point``, or ``any`` for lines and outlines alike.
        telling: simplified words by which a file shows that it is of this layer.
        needs: fields of which a file must have one, or it says nothing of use.
        fields: what a file can say, by field name.
    """

    name: str
    table: str
    shape: str
    telling: tuple[str, ...]
    needs: tuple[str, ...]
    fields: Mapping[str, Field]


def simplify(text: str) -> str:
    """Reduce a header or a word to what matters when comparing: ``户数 (户)`` and ``户数`` are one."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", plain)
    return re.sub(r"[\s_\-./:;*#、]+", "", plain)


@cache
def load_layers() -> Mapping[str, Layer]:
    """Load the layers by name."""
    return {
        name: Layer(
            name=name,
            table=layer["table"],
            shape=layer["shape"],
            telling=tuple(map(simplify, layer["telling"])),
            needs=tuple(layer["needs"]),
            fields={field: _make_field(field, entry) for field, entry in layer["fields"].items()},
        )
        for name, layer in _load_vocabulary()["layers"].items()
    }


@cache
def load_personal_headers() -> frozenset[str]:
    """Load the simplified headers of columns about persons, which are never taken in."""
    return frozenset(map(simplify, _load_vocabulary()["personal"]))


@cache
def load_personal_parts() -> tuple[str, ...]:
    """Load the simplified words that show, wherever in a header they stand, that it is about persons."""
    return tuple(map(simplify, _load_vocabulary()["personal_parts"]))


@cache
def load_ignored_headers() -> frozenset[str]:
    """Load the simplified headers of the columns that we add to refused rows."""
    return frozenset(map(simplify, _load_vocabulary()["ignored"]))


@cache
def load_known_headers() -> frozenset[str]:
    """Load every simplified header that means something to us, in whichever layer."""
    fields = (field for layer in load_layers().values() for field in layer.fields.values())
    known = {header for field in fields for header in field.headers}
    return frozenset(
        known | load_personal_headers() | load_ignored_headers() | {"序号", "备注", "no", "remarks"}
    )


def _make_field(name: str, entry: dict[str, Any]) -> Field:
    words = {code: [code, *words] for code, words in entry.get("choices", {}).items()}
    return Field(
        name=name,
        kind=Kind(entry["kind"]),
        headers=tuple(dict.fromkeys(map(simplify, [*entry["headers"], name]))),
        choices={simplify(word): code for code, listed in words.items() for word in listed},
        otherwise=entry.get("otherwise"),
        default=entry.get("default"),
        is_stored=entry.get("stored", True),
    )


@cache
def _load_vocabulary() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "vocabulary.toml").read_text(encoding="utf-8"))
