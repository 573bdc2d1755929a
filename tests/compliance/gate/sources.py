"""Reads from .tf files the keys in the inputs of a module call. Needs a Python with python-hcl2.

    python sources.py FOLDER CALL.CALL …

Prints {CALL.CALL: {INPUT: TREE}}. A tree is {"object": {KEY: TREE}}, {"list": [TREE, …]}, {"any": [TREE, …]} for
alternatives, {"value": null} for a plain value, {"variable": [NAME, KEY, …]} for the value of a variable of the root
module, or {"opaque": TEXT} for what the files do not show.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hcl2
from lark.exceptions import LarkError

Tree = dict[str, Any]
VALUE: Tree = {"value": None}
EITHER = frozenset({"merge", "try", "coalesce", "concat"})
SAME = frozenset({"tomap", "tolist", "toset", "nonsensitive", "sensitive", "one"})
DEEPEST = 40
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?')


def opaque(text: str) -> Tree:
    """Return the tree of an expression that cannot be read, without its strings: they could be secrets."""
    shown = TEXT.sub('"…"', " ".join(text.split()))
    return {"opaque": shown.partition("<<")[0][:80]}


class Module:
    """The .tf files of one folder."""

    def __init__(self, folder: Path, *, is_root: bool) -> None:
        self.is_root = is_root
        self.locals: dict[str, tuple[Any, str]] = {}
        self.variables: dict[str, dict[str, tuple[Any, str]]] = {}
        self.calls: dict[str, dict[str, tuple[Any, str]]] = {}
        files = sorted(folder.glob("*.tf"), key=lambda file: (file.stem.endswith("override"), file.name))
        for file in files:  # override files replace earlier values
            text = file.read_text(encoding="utf-8") + "\n"
            try:
                found = hcl2.parses_to_tree(text).children[0].children
            except LarkError:  # its values are then opaque
                sys.stderr.write(f"{file} could not be read and was skipped.\n")
                continue
            for block in found:
                if is_a(block, "block"):
                    self._take(block, text)

    def _take(self, block: Any, text: str) -> None:
        kind, *labels = [source(one, text).strip('"') for one in block.children if is_a(one, "identifier", "string")]
        [body] = [one for one in block.children if is_a(one, "body")]
        attributes = {
            source(one.children[0], text): (one.children[-1], text) for one in body.children if is_a(one, "attribute")
        }
        if kind == "locals":
            self.locals.update(attributes)
        elif kind == "variable":
            self.variables.setdefault(labels[0], {}).update(attributes)
        elif kind == "module":
            self.calls.setdefault(labels[0], {}).update(attributes)

    def inputs(self, call: str) -> dict[str, Tree]:
        """Return the tree of each input of a call."""
        attributes = self.calls.get(call, {})
        each = attributes.get("for_each")
        return {name: self.tree(*expression, each=each) for name, expression in attributes.items()}

    def tree(self, node: Any, text: str, *, each: Any = None, depth: int = 0) -> Tree:
        """Return the tree of an expression."""
        if depth > DEEPEST:
            return opaque(source(node, text))

        def below(one: Any) -> Tree:
            return self.tree(one, text, each=each, depth=depth + 1)

        node = bare(node)
        if is_a(node, "object"):
            return self._object(node, text, below)
        if is_a(node, "tuple"):
            return {"list": [below(one) for one in node.children if hasattr(one, "data")]}
        if is_a(node, "conditional"):
            return {"any": [below(one) for one in expressions(node)[-2:]]}
        if is_a(node, "for_tuple_expr"):
            return {"list": [below(expressions(node)[-1])]}
        if is_a(node, "function_call"):
            return self._call(node, text, below)
        steps = traversal(node, text)
        if steps:
            return self._reference(steps, source(node, text), each, depth)
        if is_a(node, "literal_value", "string", "int_lit", "float_lit", "heredoc_template", "heredoc_template_trim"):
            return VALUE
        return opaque(source(node, text))

    def _object(self, node: Any, text: str, below: Callable[[Any], Tree]) -> Tree:
        held = {}
        for element in node.children:
            if not is_a(element, "object_elem"):
                continue
            key = bare(element.children[0].children[0])
            name = source(key, text)
            if is_a(key, "string") and "${" not in name:
                name = name[1:-1]
            elif not is_a(key, "identifier") or source(element.children[0], text).startswith("("):
                return opaque(source(node, text))
            held[name] = below(element.children[-1])
        return {"object": held}

    def _call(self, node: Any, text: str, below: Callable[[Any], Tree]) -> Tree:
        name = source(node.children[0], text)
        arguments = [one for part in node.children if is_a(part, "arguments") for one in expressions(part)]
        if name in EITHER and arguments and "..." not in source(node, text):
            return {"any": [below(one) for one in arguments]}
        if name in SAME and len(arguments) == 1:
            return below(arguments[0])
        return opaque(source(node, text))

    def _reference(self, steps: list[str], written: str, each: Any, depth: int) -> Tree:
        if steps[0] == "local" and len(steps) > 1 and steps[1] in self.locals:
            return navigate(self.tree(*self.locals[steps[1]], each=each, depth=depth + 1), steps[2:], written)
        if steps[0] == "var" and len(steps) > 1 and steps[1] in self.variables:
            return navigate(self._variable(steps[1]), steps[2:], written)
        if steps[:2] == ["each", "value"] and each is not None:
            return navigate(self.tree(*each, depth=depth + 1), ["*", *steps[2:]], written)
        return opaque(written)

    def _variable(self, name: str) -> Tree:
        about = self.variables[name]
        given: list[Tree] = [{"variable": [name]}] if self.is_root else []
        if "type" in about and source(*about["type"]) != "any":
            return {"any": [typed(*about["type"]), *given]}
        return {"any": given} if given else opaque(f"var.{name}, which has no type")


def typed(node: Any, text: str) -> Tree:
    """Return the tree of a type: of an object its keys."""
    node = bare(node)
    if not is_a(node, "function_call"):
        return opaque("a variable of any type") if source(node, text) == "any" else VALUE
    kind = source(node.children[0], text)
    [first, *_] = [one for part in node.children if is_a(part, "arguments") for one in expressions(part)]
    if kind == "optional":
        return typed(first, text)
    if kind in ("list", "set", "map"):
        return {"list": [typed(first, text)]}
    if kind == "object":
        return {
            "object": {
                source(one.children[0], text).strip('"'): typed(one.children[-1], text)
                for one in bare(first).children
                if is_a(one, "object_elem")
            }
        }
    return opaque(source(node, text))


def navigate(tree: Tree, steps: list[str], written: str) -> Tree:
    """Follow attributes and indexes into a tree; "*" stands for any."""
    if not steps:
        return tree
    [(kind, held)] = tree.items()
    if kind == "any":
        return {"any": [navigate(one, steps, written) for one in held]}
    if kind == "list":
        return {"any": [navigate(one, steps[1:], written) for one in held] or [VALUE]}
    if kind == "object" and steps[0] == "*":
        return {"any": [navigate(one, steps[1:], written) for one in held.values()] or [VALUE]}
    if kind == "object" and steps[0] in held:
        return navigate(held[steps[0]], steps[1:], written)
    if kind == "variable":
        return {"variable": [*held, *steps]}
    return opaque(written)


def traversal(node: Any, text: str) -> list[str]:
    """Return the steps of a reference such as local.a["b"].c; none for anything else."""
    if is_a(node, "identifier"):
        return [source(node, text)]
    if is_a(node, "get_attr_expr_term", "index_expr_term"):
        before = traversal(bare(node.children[0]), text)
        step = source(node.children[1], text)
        key = step.lstrip(".").strip("[] \n")
        if before and (is_a(node, "get_attr_expr_term") or key[:1] == '"' or key.isdigit()):
            return [*before, key.strip('"')]
        return [*before, "*"] if before else []
    return []


def bare(node: Any) -> Any:
    """Unwrap an expression from its parentheses."""
    while is_a(node, "expr_term"):
        inner = expressions(node)
        if len(inner) != 1:
            break
        [node] = inner
    return node


def expressions(node: Any) -> list[Any]:
    """Return the children that are expressions."""
    return [
        one
        for one in node.children
        if hasattr(one, "data") and str(one.data) not in ("new_line_or_comment", "for_intro")
    ]


def is_a(node: Any, *kinds: str) -> bool:
    """True if a node is of one of these kinds."""
    return str(getattr(node, "data", "")) in kinds


def source(node: Any, text: str) -> str:
    """Return the source text of a node."""
    return text[node.meta.start_pos : node.meta.end_pos].strip() if hasattr(node, "meta") else str(node)


def folder_of(root: Path, path: list[str]) -> Path | None:
    """Find the folder of a called module: where `terraform init` installed it, or relative to its caller."""
    index = root / ".terraform/modules/modules.json"
    known = json.loads(index.read_text(encoding="utf-8"))["Modules"] if index.exists() else []
    found = next((root / one["Dir"] for one in known if one["Key"] == ".".join(path)), None)
    if found is not None or not path:
        return found or root
    above = folder_of(root, path[:-1])
    if above is None:
        return None
    written = Module(above, is_root=False).calls.get(path[-1], {}).get("source")
    place = source(*written).strip('"') if written else ""
    return above / place if place.startswith(("./", "../")) else None


def main(arguments: list[str]) -> None:
    """Print the inputs of the requested calls."""
    root = Path(arguments[0])
    said: dict[str, dict[str, Tree]] = {}
    for call in arguments[1:]:
        *path, name = call.split(".")
        folder = folder_of(root, path)
        if folder is not None:
            said[call] = Module(folder, is_root=not path).inputs(name)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
