"""A table of the relapse page as the browser draws it, and how its numbers are written."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from dashboard.i18n import Text
from geo.operations.relapses import Figures

LEAST_RANKED: Final = 10
"""Of fewer closings the fraction is told, without rank or colour."""

NOTHING: Final = "—"
"""In place of a share of nothing."""

_MINUS: Final = "\u2212"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its words, their tone (``up``, ``down``, ``quiet`` or none) and what explains them."""

    words: str
    tone: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``kind`` is ``words``, ``number``, or ``wide``, which a phone has no room for."""

    title: str
    kind: str = "number"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row; one with a ``key`` can be opened."""

    cells: tuple[Cell, ...]
    key: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class RelapseTable:
    """Columns and rows, and what stands there where there are none.

    Attributes:
        hint: what a click on a row does.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    hint: str = ""

    def write(self) -> dict[str, Any]:
        """Return the table as the browser's script takes it."""
        return asdict(self)


def write_share(part: int, whole: int, text: Text) -> str:
    """Write a share in percent with its fraction, a small one as a fraction, of nothing a dash."""
    if not whole:
        return NOTHING
    fraction = f"{text.number(part)}/{text.number(whole)}"
    return fraction if whole < LEAST_RANKED else f"{100 * part / whole:.1f} % ({fraction})"


def write_decimal(number: float) -> str:
    """Write a number with one decimal, so that a column of them stands in line."""
    return f"{number:,.1f}"


def write_signed(number: float) -> str:
    """Write a number with its sign and one decimal; nought has none."""
    rounded = round(number, 1)
    return f"{rounded:+,.1f}".replace("-", _MINUS) if rounded else "0.0"


def write_excess(figures: Figures) -> str:
    """Write the excess with its interval."""
    if not figures.closed:
        return NOTHING
    return f"{write_signed(figures.excess)} ({write_signed(figures.low)} – {write_signed(figures.high)})"


def judge(figures: Figures) -> str:
    """Return ``up`` where more came back than chance explains, ``down`` where less, ``small`` or ``even``."""
    if figures.closed < LEAST_RANKED:
        return "small"
    if figures.low > 0:
        return "up"
    return "down" if figures.high < 0 else "even"
