"""Makes untrusted text safe for a terminal, a page or a log: no hidden characters, no control characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Callable

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Characters of other categories that show nothing: Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties, and
# U+2800, the empty Braille pattern.
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def printable(text: str, *, keep: str = "") -> str:
    """Return the text with U+FFFD for each hidden or control character that is not in `keep`.

    These are the categories Cc, Cf, Cs, Zl and Zp, and fillers such as U+3164, variation selectors and tags.
    """
    return replace_hidden(text, lambda _: "\N{REPLACEMENT CHARACTER}", keep=keep)


def visible_json(text: str) -> str:
    r"""Return the same JSON with such characters escaped: \u202e, and a pair beyond U+FFFF."""
    return replace_hidden(text, _escaped, keep="\n")


def replace_hidden(text: str, replacement: Callable[[str], str], *, keep: str = "") -> str:
    """Return the text with each hidden or control character replaced."""
    if text.isprintable() and not _FILLERS.search(text):
        return text
    return "".join(
        replacement(char) if char not in keep and (category(char) in _HIDDEN or _FILLERS.match(char)) else char
        for char in text
    )


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
