"""Text that people wrote, made harmless for where it goes: spreadsheets and the database.

Pages render HTML inert by themselves; nothing here escapes it.
"""

import re
import unicodedata
from typing import Final

_FORMULA_LEADS: Final = "=+-@−"
_NUMBER: Final = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?%?|[+-]?\d*\.?\d+(?:[eE][+-]?\d{1,3})?%?", re.ASCII
)
_LINE_BREAK: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Letters and marks that are drawn as nothing though Unicode does not call them format characters.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def quote_cell(text: str) -> str:
    """Keep a spreadsheet from computing what somebody wrote.

    A leading apostrophe is added where a program would see a formula: at ``= + - @``, also in their wide
    and small forms, also after blanks or invisible characters, and at a leading tab or line break. Numbers,
    dates and a lone dash stay as they are. Only the lead is judged: a writer of CSV must still quote
    separators, and a writer of XLSX must write text as text.
    """
    first = text.lstrip(" ")[:1]
    body = _skip_blanks(text)
    is_formula = unicodedata.normalize("NFKC", body[:1]) in tuple(_FORMULA_LEADS)
    if first in ("\t", "\r", "\n") or (is_formula and body != "-" and not _NUMBER.fullmatch(body.rstrip())):
        return f"'{text}"
    return text


def unquote_cell(text: str) -> str:
    """Take away the apostrophe that :func:`quote_cell` put before a text, and no other."""
    return text[1:] if text[:1] == "'" and quote_cell(text[1:]) == text else text


def strip_controls(text: str) -> str:
    """Take out what cannot be seen: controls, zero-width and direction characters, halves of characters.

    Line breaks of every kind become ``\\n`` and tabs a blank. Private-use and rare characters stay: names of
    people and villages are written with them.
    """
    lines = _LINE_BREAK.sub("\n", text).replace("\t", " ")
    return "".join(character for character in lines if character == "\n" or not _is_hidden(character))


def _skip_blanks(text: str) -> str:
    start = 0
    while start < len(text) and (text[start].isspace() or _is_hidden(text[start])):
        start += 1
    return text[start:]


def _is_hidden(character: str) -> bool:
    if character.isascii():
        return not character.isprintable()
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"
    return unicodedata.category(character) in {"Cc", "Cf", "Cs"} or character in _INVISIBLE or is_noncharacter
