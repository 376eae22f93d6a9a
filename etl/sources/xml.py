"""XML from strangers: nothing is expanded, nothing is fetched, and faults are told by their line."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # lxml comes without types

from etl.sources.tables.text import decode
from geo.errors import UnreadableFile

_HEAD_BYTES = 1 << 16
_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)[\s/>]")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
# What is read over: a name without its namespace, an entity of HTML, a stray control character.
_HARMLESS = {
    "NS_ERR_UNDEFINED_NAMESPACE",
    "ERR_UNDECLARED_ENTITY",
    "WAR_UNDECLARED_ENTITY",
    "ERR_INVALID_CHAR",
    "ERR_INVALID_CHARREF",
}


def find_root(path: Path) -> str | None:
    """Find the name of a file's outermost element, in lower case; None in a file that is no XML."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1"
    text = re.sub(r"<!--.*?-->", "", head.decode(encoding, "replace"), flags=re.DOTALL)
    found = _ROOT.search(text) if text.lstrip("\ufeffï»¿ \t\r\n").startswith("<") else None
    return found.group(1).lower() if found else None


def read_text(raw: bytes, file_name: str) -> tuple[str, str]:
    """Decode an XML file by its bytes, whatever its first line says, and leave that line out.

    Returns:
        The text, and the name of its encoding.

    Raises:
        UnreadableFile: the bytes are text in none of the encodings we know.
    """
    text, encoding = decode(raw, file_name)
    return _DECLARATION.sub("", text, count=1), encoding


def iterate_elements(text: str, file_name: str) -> Iterator[tuple[str, Any, str]]:
    """Go through the elements of an XML text: event (start or end), element, and name without namespace.

    Raises:
        UnreadableFile: it is cut off or no XML; the message names the line.
    """
    parser = etree.iterparse(
        io.BytesIO(text.encode()),
        events=("start", "end"),
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        for event, element in parser:
            if isinstance(element.tag, str):
                yield event, element, element.tag.rpartition("}")[2].rpartition(":")[2]
    except etree.XMLSyntaxError as fault:
        raise _damaged(file_name, fault.lineno or 1) from None
    fatal = [entry for entry in parser.error_log if entry.type_name not in _HARMLESS]
    if fatal:
        raise _damaged(file_name, fatal[0].line)


def _damaged(file_name: str, line: int) -> UnreadableFile:
    message = f"{file_name} is damaged or cut off at line {line:,}; export it again from where it came."
    return UnreadableFile(message)
