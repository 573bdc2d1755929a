"""The READMEs' tables of inputs and outputs: current, whole, and drawn as terraform-docs draws them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import document
import pytest

from .pages import REPOSITORY, attributes

ROOT_VARIABLES = [
    block for block in document.parse((REPOSITORY / "variables.tf").read_text()) if block.kind == "variable"
]
MODULES = [REPOSITORY, *sorted(file.parent for file in REPOSITORY.glob("modules/*/main.tf"))]
MODULE_NAMES = [str(folder.relative_to(REPOSITORY)) for folder in MODULES]

# A module of every case, and what terraform-docs 0.22 makes of it with .terraform-docs.yml. Written by hand after its
# documentation, its templates and its own examples; not compared with what the program itself prints.
ZOO = Path(__file__).parent / "zoo"


def test_the_tables_are_drawn_as_terraform_docs_draws_them(tmp_path: Path) -> None:
    shutil.copy2(ZOO / "main.tf.txt", tmp_path / "main.tf")
    drawn = document.render(document.read_module(tmp_path))
    assert f"{drawn}\n" == (ZOO / "tables.md.txt").read_text()


def test_the_readmes_are_current() -> None:
    stale = [str(readme.relative_to(REPOSITORY)) for readme in document.renew(REPOSITORY, write=False)]
    assert not stale, f"{', '.join(stale)}: run `make docs` and commit it"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in MODULES:
        target = tmp_path / folder.relative_to(REPOSITORY)
        target.mkdir(parents=True, exist_ok=True)
        for file in [*folder.glob("*.tf"), folder / "README.md"]:
            shutil.copy2(file, target)
    return tmp_path


@pytest.mark.slow
def test_what_changes_in_a_tf_file_makes_its_readme_stale_until_renewed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = copy / "modules/archive/variables.tf"
    variables.write_text(variables.read_text().replace("Name of the S3 bucket.", "The bucket's name."))
    check, renew = ["--check", "--root", str(copy)], ["--root", str(copy)]

    assert document.main(check) == 1
    assert capsys.readouterr().out == "modules/archive/README.md is stale: run `make docs` and commit it.\n"
    assert document.main(renew) == 0
    assert document.main(check) == 0
    old, new = (root.joinpath("modules/archive/README.md").read_text() for root in (REPOSITORY, copy))
    assert new == old.replace("Name of the S3 bucket.", "The bucket's name.")


def test_a_readme_without_its_markers_is_named(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = copy / "README.md"
    readme.write_text(readme.read_text().replace(document.END, ""))
    assert document.main(["--root", str(copy)]) == 1
    assert "README.md: it needs the lines" in capsys.readouterr().err


def test_a_default_that_is_no_constant_is_refused() -> None:
    with pytest.raises(document.DocumentError, match="cannot show the expression"):
        document.literal("[local.x]")


@pytest.mark.parametrize("folder", MODULES, ids=MODULE_NAMES)
def test_every_input_and_output_says_what_it_is(folder: Path) -> None:
    module = document.read_module(folder)
    assert module.inputs
    assert module.outputs
    assert [one.name for one in [*module.inputs, *module.outputs] if not one.description.rstrip().endswith(".")] == []


@pytest.mark.parametrize("folder", MODULES, ids=MODULE_NAMES)
def test_inputs_and_outputs_have_their_arguments_in_the_usual_order(folder: Path) -> None:
    order = {
        "variable": ["type", "description", "default", "nullable", "ephemeral", "sensitive"],
        "output": ["description", "value", "sensitive", "depends_on"],
    }
    for file in folder.glob("*.tf"):
        for block in document.parse(file.read_text()):
            if block.kind in order:
                known = [name for name in order[block.kind] if name in block.attributes]
                assert list(block.attributes) == known, f"{file.name}: {block.kind} {block.labels[0]}"
                assert file.name == f"{block.kind}s.tf"


def test_the_attributes_of_a_type_are_found_at_every_depth() -> None:
    [kind] = [one.attributes["type"] for one in ROOT_VARIABLES if one.labels == ("secret",)]
    assert attributes(kind) == {"existing", "arn", "kms_key", "credentials_version", "recovery_window_days"}


@pytest.mark.parametrize("variable", ROOT_VARIABLES, ids=lambda block: block.labels[0])
def test_every_attribute_of_an_input_is_described(variable: document.Block) -> None:
    described = set(re.findall(r"`(?:[\w.]+\.)?(\w+)`", document.prose(variable)))
    assert attributes(variable.attributes["type"]) - described == set()
