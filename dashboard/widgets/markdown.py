"""Stored text inside Markdown."""

import re
from collections.abc import Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def escape(stored: str) -> str:
    """Write stored text so that Markdown shows it as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(stored.split()))


def write_table(rows: Sequence[tuple[str, str]]) -> str:
    """Write labels and values as a Markdown table; both are escaped."""
    lines = [f"| :gray[{escape(label)}] | {escape(value)} |" for label, value in rows]
    return "\n".join(["| | |", "|-|-|", *lines])
