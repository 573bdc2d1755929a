"""The files that tools and contributors look for: they parse, name what is there, and pin what they fetch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .pages import REPOSITORY

HOOKS: dict[str, Any] = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())


def test_every_hook_from_elsewhere_is_pinned() -> None:
    revisions = {one["repo"]: one.get("rev") for one in HOOKS["repos"]}
    assert revisions.pop("local") is None
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", rev) for rev in revisions.values())


def test_the_hooks_ruff_is_the_one_of_make_lint() -> None:
    [rev] = [one["rev"] for one in HOOKS["repos"] if one["repo"].endswith("/ruff-pre-commit")]
    pinned = re.search(r"^ruff==(\S+)", (REPOSITORY / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert pinned
    assert rev == f"v{pinned[1]}"


def test_hooks_name_files_that_exist() -> None:
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    named = set(re.findall(r"(?:--config=(?:__GIT_WORKING_DIR__/)?|python3 )([\w./-]+)", text))
    assert named
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []


def test_one_set_of_tools_is_named_for_everybody() -> None:
    """Version managers read .tool-versions; the plan check and the package have theirs in their own files."""
    versions = dict(line.split() for line in (REPOSITORY / ".tool-versions").read_text(encoding="utf-8").splitlines())
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/plan-check.yml").read_text(encoding="utf-8"))
    assert versions["terraform"] == workflow[True]["workflow_call"]["inputs"]["terraform-version"]["default"]
    package = (REPOSITORY / "lambda/package.py").read_text(encoding="utf-8")
    assert f'PYTHON_VERSION = "{versions["python"].rpartition(".")[0]}"' in package


def test_the_version_is_set_in_one_place() -> None:
    version = re.search(r'__version__ = "(.+)"', (REPOSITORY / "lambda/zoom_operationlogs/__init__.py").read_text())
    assert version
    told = subprocess.run([sys.executable, "-m", "zoomlogs", "--version"], capture_output=True, text=True, check=True)
    assert version[1] in told.stdout
    files = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    sets = re.compile(rf"^\W*(__)?version(__)?\W*[=:]\W*{re.escape(version[1])}\W*$", re.MULTILINE)
    code = (name for name in files.stdout.split() if name.endswith((".py", ".toml", ".tf", ".yml", ".json", ".cfg")))
    found = [name for name in code if not name.startswith("tests/") and sets.search((REPOSITORY / name).read_text())]
    assert found == ["lambda/zoom_operationlogs/__init__.py"]


@pytest.mark.parametrize("paper", ["CONTRIBUTING.md", "SECURITY.md"])
def test_a_paper_names_files_and_targets_that_exist(paper: str) -> None:
    text = (REPOSITORY / paper).read_text(encoding="utf-8")
    named = re.findall(r"`([\w.*-]+(?:/[\w.*-]*)+)`", text)
    assert named
    assert [name for name in named if not list(REPOSITORY.glob(name.rstrip("/")))] == []
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"`?make ([a-z-]+)", text)
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize(
    "form", sorted((REPOSITORY / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda form: form.name
)
def test_an_issue_form_has_what_github_requires(form: Path) -> None:
    """GitHub, Syntax for issue forms: name, description and body; each field but a text has an id and a label."""
    content = yaml.safe_load(form.read_text(encoding="utf-8"))
    if form.name == "config.yml":
        assert content["blank_issues_enabled"] is False
        assert {key for link in content["contact_links"] for key in link} == {"name", "url", "about"}
        return
    assert content["name"]
    assert content["description"]
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    assert all(field["type"] in {"input", "textarea"} and field["attributes"]["label"] for field in fields)
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids))
    assert any(field.get("validations", {}).get("required") for field in fields)


# --- the notes of a release ------------------------------------------------------------------------------------------

CHANGELOG = """# Changelog

## [Unreleased]

- Later.

## [1.2.3] - 2027-01-31

- A.

### B

- C.

## [1.2.2] - 2027-01-01

- D.
"""


def release_notes(root: Path, changelog: str, *arguments: str, version: str = "1.2.3") -> tuple[int, str, str]:
    """Run the script in a repository with this changelog; return its exit status and what it printed."""
    (root / "lambda/zoom_operationlogs").mkdir(parents=True)
    (root / "scripts").mkdir()
    (root / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    (root / "lambda/zoom_operationlogs/__init__.py").write_text(f'"""Doc."""\n\n__version__ = "{version}"\n')
    script = root / "scripts/release_notes.py"
    script.write_bytes((REPOSITORY / "scripts/release_notes.py").read_bytes())
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_notes_are_the_changelogs_section_of_the_tag(tmp_path: Path) -> None:
    assert release_notes(tmp_path, CHANGELOG, "v1.2.3") == (0, "- A.\n\n### B\n\n- C.\n", "")


@pytest.mark.parametrize(
    ("changelog", "arguments", "status", "says"),
    [
        (CHANGELOG, ["v1.2.2"], 1, "The tag v1.2.2 is not the version in lambda/zoom_operationlogs/__init__.py"),
        (CHANGELOG, ["1.2.3"], 1, "The tag 1.2.3 is not the version"),
        (
            CHANGELOG.replace(" - 2027-01-31", ""),
            ["v1.2.3"],
            1,
            "CHANGELOG.md needs a section '## [1.2.3] - YYYY-MM-DD'",
        ),
        (CHANGELOG.replace("1.2.3", "1x2x3"), ["v1.2.3"], 1, "CHANGELOG.md needs a section"),
        ("## [1.2.3] - 2027-01-31\n\n", ["v1.2.3"], 1, "CHANGELOG.md needs a section"),
        (CHANGELOG, [], 2, "Pass one tag"),
    ],
)
def test_a_tag_without_notes_is_not_released(
    changelog: str, arguments: list[str], status: int, says: str, tmp_path: Path
) -> None:
    done = release_notes(tmp_path, changelog, *arguments)
    assert done[:2] == (status, "")
    assert says in done[2]
