"""Write the inputs and outputs of the modules into docs/inputs.md, one line an option: `make docs`.

    scripts/document.py          renew what is between the markers
    scripts/document.py --check  change nothing; exit 1 if the page is stale

A description of an object lists its attributes, one a line: "- `name`: what it is. Default: `value`."
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/inputs.md"
BEGIN = "<!-- BEGIN INPUTS -->"
END = "<!-- END INPUTS -->"
MODULES = ("", "modules/deployer")  # the other submodules are internal
OPTION = re.compile(r"^- `([\w.]+)`: (.*)$", re.MULTILINE)
LINK = re.compile(r"\bdocs/([\w-]+\.md)\b")


class DocumentError(Exception):
    """The page cannot be written; the message says what to do."""


@dataclass(frozen=True)
class Block:
    """A block of HCL: its attributes in their order, each with its expression as it is written."""

    kind: str
    labels: tuple[str, ...]
    attributes: dict[str, str]
    blocks: tuple[Block, ...]


def main(arguments: Sequence[str]) -> int:
    """Renew or check the page; give the exit status."""
    parser = argparse.ArgumentParser(description=f"Write the inputs and outputs into {PAGE}.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the page is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    page = options.root / PAGE
    old = page.read_text(encoding="utf-8")
    try:
        new = updated(old, options.root)
    except DocumentError as error:
        print(f"{PAGE}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if new == old:
        return 0
    if options.check:
        print(f"{PAGE} is stale: run `make docs` and commit it.")  # noqa: T201
        return 1
    page.write_text(new, encoding="utf-8", newline="\n")
    print(f"{PAGE} renewed.")  # noqa: T201
    return 0


def updated(page: str, root: Path) -> str:
    """Put what the .tf files say between the page's markers."""
    begin, end = page.find(BEGIN), page.find(END)
    if not 0 <= begin < end:
        raise DocumentError(f"it needs the lines {BEGIN} and {END}, in this order, where the lists belong.")
    content = "\n\n".join(part for folder in MODULES for part in sections(root, folder))
    return f"{page[:begin]}{BEGIN}\n{content}\n{page[end:]}"


# The page


def sections(root: Path, folder: str) -> Iterator[str]:
    """Yield the headings and lists of a module: its inputs, each object with its options, and its outputs."""
    blocks = read(root / folder)
    variables = [block for block in blocks if block.kind == "variable"]
    of_module = f" of {folder}" if folder else ""
    yield f"## Inputs{of_module}"
    yield "\n".join(line_of_input(block) for block in variables if not OPTION.search(prose(block)))
    for block in variables:
        if lines := list(lines_of_options(block)):
            yield f"### {block.labels[0]}"
            yield linked(OPTION.split(prose(block))[0].strip())
            yield "\n".join(lines)
    yield f"## Outputs{of_module}"
    yield "\n".join(f"- `{one.labels[0]}`: {linked(prose(one))}" for one in blocks if one.kind == "output")


def line_of_input(block: Block) -> str:
    """Write the line of an input, with its default as its block has it."""
    given = block.attributes.get("default")
    default = "" if given is None else json.dumps(literal(given))
    return line(block.labels[0], shown(type_of(block), {}), default, prose(block))


def lines_of_options(block: Block) -> Iterator[str]:
    """Yield a line for each attribute that has one in the description; its type names those that have none."""
    lines = dict(OPTION.findall(prose(block)))
    known = dict(attributes(type_of(block)))
    if unknown := lines.keys() - known.keys():
        raise DocumentError(f"{block.labels[0]} has no such options as its description: {', '.join(sorted(unknown))}.")
    for path in (path for path in known if path in lines):
        match _call(known[path]):
            case "optional", [kind, default]:
                yield line(path, shown(kind, lines, path), _text(default), lines[path])
            case "optional", [kind]:
                yield line(path, shown(kind, lines, path), "null", lines[path])
            case _:
                yield line(path, shown(known[path], lines, path), "", lines[path])


def line(name: str, kind: str, default: str, text: str) -> str:
    """Write a line; the description's own sentence about the default stays if it says more than the value."""
    said = text.strip().removesuffix(f" Default: `{default}`.")
    return f"- `{name}` (`{kind}`, {f'default `{default}`' if default else 'required'}): {linked(said)}"


def linked(text: str) -> str:
    """Link the pages that a description names."""
    return LINK.sub(r"[\1](\1)", text)


# Types


def type_of(block: Block) -> Any:
    """Parse the type of a variable."""
    [attribute] = hcl2.parses_to_tree(f"type = {block.attributes.get('type', 'any')}\n").find_pred(_is("attribute"))
    return attribute.children[-1]


def attributes(kind: Any, within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each attribute of an object type, at every depth, by its path such as `vpc.ca_bundle`."""
    for name, inner in _elements(kind):
        yield f"{within}{name}", inner
        yield from attributes(inner, f"{within}{name}.")


def shown(kind: Any, apart: dict[str, str], path: str = "") -> str:
    """Write a type on one line, without the attributes that have lines apart."""
    name, arguments = _call(kind)
    if name == "optional":
        given = "".join(f", {_text(default)}" for default in arguments[1:])
        return f"optional({shown(arguments[0], apart, path)}{given})"
    if name == "object":
        within = f"{path}." if path else ""
        kept = [(key, inner) for key, inner in _elements(kind) if within + key not in apart]
        return f"object({{ {', '.join(f'{key} = {shown(inner, apart, within + key)}' for key, inner in kept)} }})"
    return f"{name}({shown(arguments[0], apart, path)})" if arguments else name


def _elements(kind: Any) -> list[tuple[str, Any]]:
    name, arguments = _call(kind)
    if name != "object":
        return _elements(arguments[0]) if arguments else []
    [written] = filter(_is("object"), arguments[0].children)
    return [(_text(one.children[0]), one.children[-1]) for one in filter(_is("object_elem"), written.children)]


def _call(kind: Any) -> tuple[str, list[Any]]:
    """Part `list(string)` into its name and its arguments; a type such as `string` has none."""
    call = next(filter(_is("function_call"), kind.children), None)
    if call is None:
        return _text(kind), []
    [arguments] = filter(_is("arguments"), call.children)
    return _text(call.children[0]), [one for one in arguments.children if hasattr(one, "children")]  # no commas


def _text(tree: Any) -> str:
    return "".join(str(token) for token in tree.scan_values(lambda _: True)).strip()


def _is(kind: str) -> Any:
    return lambda node: getattr(node, "data", None) == kind


# The .tf files


def read(folder: Path) -> list[Block]:
    """Read the blocks of a module."""
    return [block for file in sorted(folder.glob("*.tf")) for block in parse(file.read_text(encoding="utf-8"))]


def prose(block: Block) -> str:
    """Give the block's description, empty where it has none."""
    return str(literal(block.attributes.get("description", '""')))


def parse(text: str) -> list[Block]:
    """Give the top-level blocks of a .tf file."""
    return [_block(tree, text) for tree in hcl2.parses_to_tree(text).children[0].children if _is("block")(tree)]


def _block(tree: Any, text: str) -> Block:
    kind, *labels = [_source(one, text) for one in tree.children if _is("identifier")(one) or _is("string")(one)]
    [body] = filter(_is("body"), tree.children)
    return Block(
        kind=kind,
        labels=tuple(label.strip('"') for label in labels),
        attributes={
            _source(one.children[0], text): _source(one.children[-1], text)
            for one in filter(_is("attribute"), body.children)
        },
        blocks=tuple(_block(child, text) for child in filter(_is("block"), body.children)),
    )


def _source(tree: Any, text: str) -> str:
    return text[tree.meta.start_pos : tree.meta.end_pos].strip()


def literal(expression: str) -> Any:
    """Give the value of an expression without variables: a string, number, bool, null, list or object."""
    if heredoc := re.fullmatch(r"<<(-?)(\w+)\n(.*)\n[ \t]*\2", expression, re.DOTALL):
        indented, _, lines = heredoc.groups()
        return textwrap.dedent(lines) if indented else lines
    return _unquoted(hcl2.loads(f"value = {expression}\n")["value"])


def _unquoted(value: Any) -> Any:
    """Take the quotes off the strings in what hcl2 read."""
    if isinstance(value, dict):
        return {_unquoted(name): _unquoted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_unquoted(one) for one in value]
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value)
    if isinstance(value, str) and value.startswith("${"):
        raise DocumentError(f"it cannot show the expression {value}: only a constant can be a default.")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
