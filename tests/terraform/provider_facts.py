"""Reads the facts about the AWS provider's versions.

For the tested version from Terraform itself, `terraform providers schema -json`. For version 6, which the tests do not
install, from the names in the prebuilt bindings of CDK for Terraform, on PyPI, which HashiCorp generated from the
provider's schema. Their last release is for 6.25.0.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

BINDINGS = "cdktf-cdktf-provider-aws==21.22.1"
PACKAGE = "cdktf_cdktf_provider_aws"

Facts = dict[str, Any]
"""`arguments`: name → whether it is `required`, and of a block its own `arguments`; `attributes`: what can be read;
`deprecated`: those of both that are."""


# --- the tested version ----------------------------------------------------------------------------------------------


def from_schema(provider: Mapping[str, Any], types: Iterable[str]) -> dict[str, Facts]:
    """Return the facts about some types from `terraform providers schema -json` of one provider."""
    found = {}
    for type_ in types:
        kind = "data_source_schemas" if type_.startswith("data.") else "resource_schemas"
        if schema := provider[kind].get(type_.removeprefix("data.")):
            attributes, blocks = schema["block"].get("attributes", {}), schema["block"].get("block_types", {})
            deprecated = [name for name, one in attributes.items() if one.get("deprecated")]
            deprecated += [name for name, one in blocks.items() if one["block"].get("deprecated")]
            found[type_] = {
                "arguments": _arguments(schema["block"]),
                "attributes": sorted({*attributes, *blocks}),
                "deprecated": sorted(deprecated),
            }
    return found


def _arguments(block: Mapping[str, Any]) -> Facts:
    own = {
        name: _argument(required=attribute.get("required", False))
        for name, attribute in block.get("attributes", {}).items()
        if attribute.get("required") or attribute.get("optional")
    }
    blocks = {
        name: _argument(required=nested.get("min_items", 0) > 0, arguments=_arguments(nested["block"]))
        for name, nested in block.get("block_types", {}).items()
    }
    return dict(sorted({**own, **blocks}.items()))


def _argument(*, required: bool, arguments: Facts | None = None) -> Facts:
    return {**({"required": True} if required else {}), **({"arguments": arguments} if arguments is not None else {})}


# --- version 6 -------------------------------------------------------------------------------------------------------


def from_bindings(types: Iterable[str]) -> tuple[str, dict[str, Facts]]:
    """Download the bindings; return the provider's version and the facts about some types."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, BINDINGS]
        subprocess.run(command, check=True)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
            [about] = [name for name in names if name.endswith("/METADATA")]
            version = re.search(r"hashicorp/aws provider version (\S+)", archive.read(about).decode())
            assert version
            found = {}
            for type_ in types:
                name = f"{PACKAGE}/{_module_of(type_)}/__init__.py"
                if name in names:
                    found[type_] = from_module(archive.read(name).decode())
            return version[1], found


def _module_of(type_: str) -> str:
    return re.sub(r"^data\.", "data_", type_) if type_.startswith("data.") else type_.removeprefix("aws_")


def from_module(source: str) -> Facts:
    """Read the facts about one type from its module in the bindings, without running it.

    The parameters of the configuration class are the arguments, those without a default are required; a parameter of
    another class is a block. The properties of the resource's class are the attributes.
    """
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    [config] = [name for name, node in classes.items() if "TerraformMetaArguments" in _bases(node)]
    resource = classes[config.removesuffix("Config")]
    properties = {
        node.name
        for node in resource.body
        if isinstance(node, ast.FunctionDef) and "builtins.property" in map(ast.unparse, node.decorator_list)
    }
    return {
        "arguments": _parameters(classes, config),
        "attributes": sorted(name for name in properties if not name.endswith("_input")),
    }


META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}


def _parameters(classes: Mapping[str, ast.ClassDef], name: str) -> Facts:
    [init] = [node for node in classes[name].body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    found = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        if argument.arg in META or argument.annotation is None:
            continue
        mentioned = re.findall(r"\b\w+\b", ast.unparse(argument.annotation))
        nested = next((word for word in mentioned if word in classes), None)
        found[argument.arg] = _argument(
            required=default is None, arguments=_parameters(classes, nested) if nested else None
        )
    return dict(sorted(found.items()))


def _bases(node: ast.ClassDef) -> str:
    return " ".join(map(ast.unparse, node.bases))
