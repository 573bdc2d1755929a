"""Write tests/compliance/module.json, from which the plan gate knows this module: `make docs` and `make package`.

    scripts/describe_module.py          renew the file
    scripts/describe_module.py --check  change nothing; exit 1 if the file is stale

The file has the inputs with the keys of their objects, the resources of each submodule, and the hash of the committed
package. The gate consists of tests/compliance and tests/checkov only, and has no .tf file to read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
from document import Block, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = {"list", "set", "map"}


def main(arguments: Sequence[str]) -> int:
    """Renew or check the file; return the exit status."""
    parser = argparse.ArgumentParser(description="Write tests/compliance/module.json.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the file is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    file = options.root / "tests/compliance/module.json"
    new = json.dumps(describe(options.root), indent=2) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") == new:
        return 0
    if options.check:
        print("tests/compliance/module.json is stale: run `make docs` and commit it.")  # noqa: T201
        return 1
    file.write_text(new, encoding="utf-8", newline="\n")
    print("tests/compliance/module.json renewed.")  # noqa: T201
    return 0


def describe(root: Path) -> dict[str, Any]:
    """Return what the gate has to know about the module."""
    package = json.loads((root / "lambda/dist/collector.json").read_text(encoding="utf-8"))
    return {
        "package_sha256": package["zip_sha256"],
        "resources": {
            folder.name: sorted(".".join(block.labels) for block in blocks(folder) if block.kind == "resource")
            for folder in sorted((root / "modules").iterdir())
        },
        "inputs": {
            block.labels[0]: shape(block.attributes.get("type", "any"))
            for block in sorted(blocks(root), key=lambda one: one.labels)
            if block.kind == "variable"
        },
    }


def blocks(folder: Path) -> Iterator[Block]:
    """Yield the top-level blocks of a folder's .tf files."""
    for file in sorted(folder.glob("*.tf")):
        yield from parse(file.read_text(encoding="utf-8"))


def shape(expression: str) -> Any:
    """Return the keys of a type: {"keys": {NAME: SHAPE}} for an object, {"each": SHAPE} for a collection, else null."""
    [value] = hcl2.parses_to_tree(f"type = {expression}\n").find_pred(lambda tree: tree.data == "attribute")
    return _shape(value.children[-1])


def _shape(expression: Any) -> Any:
    call = _only(expression, "function_call")
    if call is None:
        return None
    kind = str(call.children[0].children[0])
    [arguments] = [child for child in call.children if _is(child, "arguments")]
    first = arguments.children[0]
    if kind == "optional":
        return _shape(first)
    if kind in COLLECTIONS:
        each = _shape(first)
        return None if each is None else {"each": each}
    elements = [child for child in _only(first, "object").children if _is(child, "object_elem")]
    return {"keys": {_key(element): _shape(element.children[-1]) for element in elements}}


def _only(expression: Any, kind: str) -> Any:
    return next((child for child in expression.children if _is(child, kind)), None)


def _key(element: Any) -> str:
    return str(element.children[0].children[0].children[0].children[0])


def _is(node: Any, kind: str) -> bool:
    return getattr(node, "data", None) == kind


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
