"""Stored text inside Markdown."""

import re
from collections.abc import Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")
# What Streamlit replaces after it has read the Markdown, escaped or not: icons, and arrows and the like.
_REPLACED_LATER: Final = re.compile(r"(?<=:)(?=material/|streamlit:)|(?<=[-<>~])(?=[-=>])")
_WORD_JOINER: Final = "\u2060"


def escape(stored: str) -> str:
    """Write stored text so that Markdown shows it as it is, in one line."""
    parted = _REPLACED_LATER.sub(_WORD_JOINER, " ".join(stored.split()))
    return _SPECIAL.sub(r"\\\1", parted)


def write_table(rows: Sequence[tuple[str, str]]) -> str:
    """Write labels and values as a Markdown table; both are escaped."""
    lines = [f"| :gray[{escape(label)}] | {escape(value)} |" for label, value in rows]
    return "\n".join(["| | |", "|-|-|", *lines])
