"""Write each module's tables of inputs and outputs into its README, as terraform-docs would: `make docs`.

    scripts/document.py          renew what stands between the markers
    scripts/document.py --check  change nothing; exit 1 and name each README that is stale

It does what `terraform-docs --recursive .` (0.22) does with .terraform-docs.yml, for the settings that stand there and
no others, so that nobody needs that program to keep the tables true. The form was compared with terraform-docs'
documentation and templates, not with what the program itself prints.
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
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[1]
RENEW = "make docs"
BEGIN = "<!-- BEGIN_TF_DOCS -->"
END = "<!-- END_TF_DOCS -->"
HEADING = "###"  # settings.indent: 3
MISSING = "n/a"
CENTRED = "Required"


class DocumentError(Exception):
    """A README cannot be written; the message says what to do."""


@dataclass(frozen=True)
class Block:
    """A block of HCL: its attributes in their order, each with its expression as it is written."""

    kind: str
    labels: tuple[str, ...]
    attributes: dict[str, str]
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Input:
    """A variable; `default` is JSON, or None where it has none."""

    name: str
    description: str
    type: str
    default: str | None


@dataclass(frozen=True)
class Output:
    """An output."""

    name: str
    description: str


@dataclass(frozen=True)
class Module:
    """What a README says of a module, each list in the order of its table."""

    requirements: list[tuple[str, str]]
    calls: list[tuple[str, str, str]]
    inputs: list[Input]
    outputs: list[Output]


def main(arguments: Sequence[str]) -> int:
    """Renew or check the READMEs; give the exit status."""
    parser = argparse.ArgumentParser(description="Write the tables of inputs and outputs into the READMEs.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a README is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    try:
        stale = renew(options.root, write=not options.check)
    except DocumentError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    for readme in stale:
        said = f"is stale: run `{RENEW}` and commit it." if options.check else "renewed."
        print(readme.relative_to(options.root), said)  # noqa: T201
    return 1 if options.check and stale else 0


def renew(root: Path, *, write: bool) -> list[Path]:
    """List the READMEs, the root's and each module's, that differ from the .tf files; with `write`, renew them."""
    stale = []
    for folder in [root, *sorted(file.parent for file in root.glob("modules/*/main.tf"))]:
        readme = folder / "README.md"
        old = readme.read_text(encoding="utf-8")
        try:
            new = inject(old, render(read_module(folder)))
        except DocumentError as error:
            raise DocumentError(f"{readme.relative_to(root)}: {error}") from None
        if new != old:
            stale.append(readme)
            if write:
                readme.write_text(new, encoding="utf-8", newline="\n")
    return stale


def inject(readme: str, content: str) -> str:
    """Put the content between the markers, in place of what is there."""
    begin, end = readme.find(BEGIN), readme.find(END)
    if not 0 <= begin < end:
        raise DocumentError(f"it needs the lines {BEGIN} and {END}, in this order, where the tables belong.")
    return f"{readme[:begin]}{BEGIN}\n{content}\n{readme[end:]}"


# What terraform-docs prints


def render(module: Module) -> str:
    """Give the sections that the module has something for, as terraform-docs' markdown tables."""
    sections = [
        section("Requirements", ("Name", "Version"), module.requirements),
        section("Modules", ("Name", "Source", "Version"), module.calls),
        section("Inputs", ("Name", "Description", "Type", "Default", "Required"), map(_input_row, module.inputs)),
        section("Outputs", ("Name", "Description"), [(one.name, cell(one.description)) for one in module.outputs]),
    ]
    return "\n\n".join(filter(None, sections))


def section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a heading and its table; nothing where there are no rows."""
    body = [_row(row) for row in rows]
    if not body:
        return ""
    return "\n".join([f"{HEADING} {title}", "", _row(columns), _row([_dashes(column) for column in columns]), *body])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _dashes(column: str) -> str:
    return f":{'-' * (len(column) - 2)}:" if column == CENTRED else "-" * len(column)


def _input_row(one: Input) -> tuple[str, ...]:
    default = MISSING if one.default is None else code(one.default)
    return one.name, cell(one.description), code(one.type), default, "yes" if one.default is None else "no"


def cell(text: str) -> str:
    """Give prose as one cell: its lines joined by <br/>, and a bar outside `code` escaped."""
    parts = text.strip().split("`")
    escaped = "`".join(part if number % 2 else part.replace("|", "\\|") for number, part in enumerate(parts))
    return re.sub(r" *\n", "<br/>", escaped) or MISSING


def code(text: str) -> str:
    """Give a type or a default as one cell: in backquotes, or in <pre> where it has several lines."""
    return "<pre>{}</pre>".format(text.strip().replace("\n", "<br/>")) if "\n" in text else f"`{text}`"


# What the .tf files say


def read_module(folder: Path) -> Module:
    """Read a module from the .tf files of its folder."""
    blocks = [block for file in sorted(folder.glob("*.tf")) for block in parse(file.read_text(encoding="utf-8"))]
    settings = [block for block in blocks if block.kind == "terraform"]
    providers = {
        name: literal(value)
        for block in settings
        for nested in block.blocks
        if nested.kind == "required_providers"
        for name, value in nested.attributes.items()
    }
    cores = [
        literal(block.attributes["required_version"]) for block in settings if "required_version" in block.attributes
    ]
    return Module(
        requirements=[
            *(("terraform", core) for core in cores),
            *((name, about["version"]) for name, about in sorted(providers.items()) if "version" in about),
        ],
        calls=sorted(_call(block) for block in blocks if block.kind == "module"),
        inputs=sorted(
            (_input(block) for block in blocks if block.kind == "variable"),
            key=lambda one: (one.default is not None, one.name),
        ),
        outputs=sorted(
            (Output(block.labels[0], prose(block)) for block in blocks if block.kind == "output"),
            key=lambda one: one.name,
        ),
    )


def _input(block: Block) -> Input:
    default = block.attributes.get("default")
    return Input(
        name=block.labels[0],
        description=prose(block),
        type=block.attributes.get("type", "any"),
        default=None if default is None else json.dumps(literal(default), indent=2, sort_keys=True, ensure_ascii=False),
    )


def _call(block: Block) -> tuple[str, str, str]:
    source = literal(block.attributes["source"])
    return block.labels[0], source, literal(block.attributes.get("version", f'"{MISSING}"'))


def prose(block: Block) -> str:
    """Give the block's description, empty where it has none."""
    return str(literal(block.attributes.get("description", '""')))


def parse(text: str) -> list[Block]:
    """Give the top-level blocks of a .tf file."""
    return [_block(tree, text) for tree in hcl2.parses_to_tree(text).children[0].children if _is(tree, "block")]


def _block(tree: Any, text: str) -> Block:
    kind, *labels = [_source(child, text) for child in tree.children if _is(child, "identifier", "string")]
    [body] = [child for child in tree.children if _is(child, "body")]
    attributes = [child for child in body.children if _is(child, "attribute")]
    return Block(
        kind=kind,
        labels=tuple(label.strip('"') for label in labels),
        attributes={_source(one.children[0], text): _source(one.children[-1], text) for one in attributes},
        blocks=tuple(_block(child, text) for child in body.children if _is(child, "block")),
    )


def _is(node: Any, *kinds: str) -> bool:
    return getattr(node, "data", None) in kinds


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
