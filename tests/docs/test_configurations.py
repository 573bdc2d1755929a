"""What the pages tell a reader to write is valid to Terraform, each block for itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from standins.running_provider import running_provider
from zoomlogs.scratch import prepare
from zoomlogs.terraform import Terraform

from .pages import REPOSITORY, Configuration, configurations, pages_with_configurations, write

ALL = [configuration for page in pages_with_configurations() for configuration in configurations(page)]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Terraform]]:
    """Gives a Terraform for a folder in one copy of the checkout, with the provider already running."""
    scratch = tmp_path_factory.mktemp("checkout")
    any_module = prepare(REPOSITORY, scratch, os.environ, folder="modules/archive", standin=False)
    any_module.init()
    with running_provider(any_module) as variable:

        def at(folder: str) -> Terraform:
            terraform = Terraform(scratch / folder, any_module.env)
            terraform.env |= variable
            return terraform

        yield at


@pytest.mark.parametrize("configuration", ALL, ids=[configuration.where for configuration in ALL])
def test_terraform_finds_it_valid(configuration: Configuration, at: Callable[[str], Terraform]) -> None:
    terraform = at(f"pages/{ALL.index(configuration)}")
    write(configuration.files, terraform.workdir)
    terraform.init()
    assert terraform.validate() == []
