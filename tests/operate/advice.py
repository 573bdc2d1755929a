"""All advice in the command line's source: sentences that say what to do, found in its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "cli" / "zoomlogs"
# Modules that say nothing to a person who has a problem: help texts, the page, policies.
SILENT = {"app", "policies.py", "verify/page.py", "verify/style.py"}

VERBS = (
    *("run", "set", "give", "store", "remove", "make", "put", "enable", "look", "see", "choose", "wait", "try"),
    *("install", "update", "add", "delete", "finish", "restore", "compare", "ask", "let", "allow", "change", "merge"),
    *("follow", "subscribe", "activate", "write", "name", "sign in", "verify", "keep", "take", "start", "decrypt"),
    *("replace", "find out", "read why", "apply", "regenerate", "narrow", "disable", "grant", "raise", "clone"),
    *("use", "check", "create", "skip", "synchronise", "fix"),
)
"""How a sentence begins, or a part of it, that says what to do."""
ADVISES = re.compile(rf"`[^`]+`|AWS console|(?:[:.;,] |\bor |\band |^)(?:{'|'.join(VERBS)})\b", re.IGNORECASE)
ELSEWHERE = re.compile(
    r"AWS console|SecOps|Google|Zoom|marketplace|by hand|\bask\b|in IAM|organisation|boundary|policy|docs/|of yours"
    r"|version|update |replace=ADDRESS|bucket\.lock|mail|bucket in|kms|this computer|gcloud|proxy|log format"
    r"|credentials|tenant",
    re.IGNORECASE,
)
"""What a sentence names that leads to where no test can follow."""


def all_advice() -> Iterator[tuple[str, str]]:
    """Yield each module and sentence; `…` stands for what is filled in."""
    for file in sorted(SOURCE.rglob("*.py")):
        name = file.relative_to(SOURCE).as_posix()
        if name.split("/")[0] in SILENT or name in SILENT:
            continue
        for text in _texts(ast.parse(file.read_text("utf-8"))):
            if len(text) > 25 and ADVISES.search(text):
                yield name, text


def runbook_commands() -> list[str]:
    """Return the commands of docs/operations.md: those in blocks of their own, and those in its sentences."""
    page = SOURCE.parents[1].joinpath("docs", "operations.md").read_text("utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in re.sub(r"\\\n\s*", " ", block).splitlines()]
    spoken = re.findall(r"`((?:aws|zoomlogs|terraform) [^`]+)`", page)
    return list(dict.fromkeys([*filter(None, lines), *spoken]))


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield all strings but documentation and parts of others."""
    parts: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            parts.add(id(body[0].value))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            parts.add(id(node.value))  # the documentation of a variable
        if isinstance(node, ast.JoinedStr):
            parts |= {id(value) for value in node.values}
    for node in ast.walk(tree):
        if id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(value.value) if isinstance(value, ast.Constant) else "…" for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value
