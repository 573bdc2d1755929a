"""The Markdown pages as a reader has them: their headings, links and blocks of code.

Every ```hcl block is a configuration, or part of one by this rule:

- with a module or a `removed` block it is a configuration of its own, which Terraform must find valid as it stands;
- otherwise it is read together with the last configuration with a module above it on the page: blocks beside it,
  arguments alone as arguments of its last module, in place of the same ones there.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REMOTE = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git"

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SOURCE = re.compile(r'(\bsource\s*=\s*)"([^"]*)"')
ADDRESS = re.compile(re.escape(REMOTE) + r"(?://(?P<folder>modules/\w+))?\?ref=(?:v\d+\.\d+\.\d+|[0-9a-f]{40})")


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: the page, the line it begins on, its language and its text without the page's indent."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        """Page and line, as an editor takes them."""
        name = self.page.relative_to(REPOSITORY) if self.page.is_relative_to(REPOSITORY) else self.page
        return f"{name}:{self.line}"


@dataclass(frozen=True)
class Configuration:
    """What a page has Terraform read: the text of each file by its name."""

    where: str
    files: dict[str, str]


def markdown_pages() -> list[Path]:
    """List every Markdown page of the repository."""
    found = [file.relative_to(REPOSITORY) for file in REPOSITORY.rglob("*.md")]
    hidden = re.compile(r"(^|/)(\.(?!github/)|build/|node_modules/)")
    return sorted(REPOSITORY / file for file in found if not hidden.search(file.as_posix()))


def pages_with_configurations() -> list[Path]:
    """List the pages whose ```hcl blocks are held to the rule: the READMEs of root and modules, and docs/."""
    return [
        REPOSITORY / "README.md",
        *sorted(REPOSITORY.glob("modules/*/README.md")),
        *sorted(REPOSITORY.glob("docs/*.md")),
    ]


def attributes(kind: str) -> set[str]:
    """Give the names of the attributes in an object type, at every depth."""
    return set(re.findall(r"(\w+)\s*=(?!=)", kind))


def code_blocks(page: Path, *languages: str) -> list[CodeBlock]:
    """List the page's fenced blocks, in the languages given or in all."""
    text = page.read_text(encoding="utf-8")
    return [
        CodeBlock(page, text.count("\n", 0, found.start()) + 1, found[2], textwrap.dedent(found[3]))
        for found in FENCE.finditer(text)
        if not languages or found[2] in languages
    ]


def links(page: Path) -> list[str]:
    """List where the page's links lead, those in code left out."""
    return LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text(encoding="utf-8"))))


def anchors(page: Path) -> set[str]:
    """Give the anchors of the page's headings, as GitHub makes them."""
    found: set[str] = set()
    for title in re.findall(r"^#+ +(.+?) *$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()).replace(" ", "-")
        while slug in found:
            slug += "-1"
        found.add(slug)
    return found


def configurations(page: Path) -> list[Configuration]:
    """Give what Terraform reads for each of the page's ```hcl blocks, by the rule above."""
    found: list[Configuration] = []
    base: dict[str, str] = {}
    for block in code_blocks(page, "hcl"):
        kinds = set(re.findall(r"^(\w+)(?: [^=\n]*)?\{", block.text, re.MULTILINE))
        if kinds & {"module", "removed"}:
            files = {"main.tf": block.text}
            base = files if "module" in kinds else base
        elif not base:
            raise ValueError(f"{block.where} belongs to a module, but there is none above it on the page.")
        elif kinds:
            files = {**base, "beside.tf": block.text}
        else:
            [*_, name] = re.findall(r'^module "(\w+)"', base["main.tf"], re.MULTILINE)
            files = {**base, "changed_override.tf": f'module "{name}" {{\n{textwrap.indent(block.text, "  ")}}}\n'}
        found.append(Configuration(block.where, files))
    return found


def from_checkout(text: str, up: str) -> str:
    """Swap each module's git address for its folder in the checkout, which lies `up` from the configuration.

    Raises ValueError for a source that is not the address a caller would use.
    """

    def swapped(found: re.Match[str]) -> str:
        if found[2].startswith("hashicorp/"):
            return found[0]
        address = ADDRESS.fullmatch(found[2])
        if not address:
            raise ValueError(f"{found[2]} is not an address of this module that a caller would use.")
        return f'{found[1]}"{up}/{address["folder"] or ""}"'

    return SOURCE.sub(swapped, text)


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write a page's files into a folder two below a copy of the checkout, in place of any before."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.tf"):
        if old.name != "standin_override.tf":
            old.unlink()
    for name, text in files.items():
        (folder / name).write_text(from_checkout(text, "../.."))
