"""Replaces the part of a page between two marker lines."""

from __future__ import annotations


def replaced(page: str, begin: str, end: str, text: str) -> str:
    """Return the page with `text` between its markers. Raises ValueError if the page has no markers."""
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"The page lacks the lines {begin} and {end}.")
    return f"{before}{begin}\n{text}\n{end}{after}"
