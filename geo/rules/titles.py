"""Headings for cases that were reported without one."""

import re
from typing import Final

from geo.rules.chat import find_contacts

_USUAL: Final = 30
_LONGEST: Final = 60
# Shorter than that is a greeting, or too little to know the case by.
_SHORTEST: Final = 6
_END: Final = re.compile(r"[。！？!?；;…\n]+|\.(?=\s|$)")
_BREAK: Final = re.compile(r"[，,、：:\s]")
_PAUSES: Final = "，,、：:。.；; "


def derive_title(description: str) -> str:
    """Return the first sentence of a description, cut to about 30 characters where people pause.

    It is not cut within a number, a Latin word, or the name or phone of a person, half of which nobody would
    recognise and mask.

    Args:
        description: cleaned, not blank.
    """
    text = description.strip()
    ends = (end.start() for end in _END.finditer(text))
    sentence = text[: next((end for end in ends if end >= _SHORTEST), len(text))]
    sentence = " ".join(sentence.split())
    if len(sentence) <= _USUAL:
        return sentence.rstrip(_PAUSES) or sentence
    breaks = [found.start() for found in _BREAK.finditer(sentence, _USUAL // 2, _USUAL)]
    cut = breaks[-1] if breaks else _USUAL - 1
    for contact in find_contacts(sentence):
        if contact.start < cut < contact.end:
            cut = contact.end
    while cut < min(len(sentence), _LONGEST) and _is_one_word(sentence[cut - 1 : cut + 1]):
        cut += 1
    return sentence[:cut].rstrip(_PAUSES) + ("…" if cut < len(sentence) else "")


def _is_one_word(pair: str) -> bool:
    return pair.isascii() and pair.isalnum()
