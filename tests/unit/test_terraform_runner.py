"""The Terraform runner: the provider's source, messages to users, and that nothing keeps running."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness.provider_mirrors import (
    Choice,
    Mirror,
    best_version,
    choose_provider,
    cli_config,
    find_mirror,
    implied_mirrors,
    provider_constraint,
    provider_environ,
    registry_answers,
    satisfies,
    sets_provider_installation,
    usual_places,
)
from harness.scratch import copy_for_terraform, prepare, provider_aliases, write_overrides
from harness.terraform import (
    Changes,
    Progress,
    Terraform,
    TerraformError,
    describe,
    progress_of,
    scrubbed,
    terraform_platform,
    variable_environ,
)
from standins.aws import AwsStandIn
from standins.running_provider import running_provider

if TYPE_CHECKING:
    from collections.abc import Callable

PLATFORM = "linux_amd64"
CONSTRAINT = ">= 5.100, < 7.0"
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")


def put_provider(mirror: Path, version: str = "5.100.0", platform: str = PLATFORM, *, packed: bool = False) -> Path:
    """Put an AWS provider into a mirror, in either of Terraform's two layouts."""
    folder = mirror / "registry.terraform.io" / "hashicorp" / "aws"
    if packed:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"terraform-provider-aws_{version}_{platform}.zip").touch()
    else:
        (folder / version / platform).mkdir(parents=True)
    return mirror


# --- where the provider comes from -----------------------------------------------------------------------------------


class Machine:
    """A machine: its home, its folders, and whether the registry answers."""

    def __init__(self, root: Path) -> None:
        self.home, self.opt, self.implied = root / "home", root / "opt", root / "implied"
        for folder in (self.home, self.opt, self.implied):
            folder.mkdir()
        self.environ: dict[str, str] = {}
        self.probes = 0

    def choose(self, *, registry: bool = False) -> Choice:
        def probe() -> bool:
            self.probes += 1
            return registry

        return choose_provider(
            self.environ,
            home=self.home,
            platform=PLATFORM,
            constraint=CONSTRAINT,
            registry_answers=probe,
            places=[self.home, self.opt],
            implied=[self.implied],
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_registry_is_used_if_it_answers_and_the_tested_version_is_pinned(machine: Machine) -> None:
    put_provider(machine.opt / "mirror")
    choice = machine.choose(registry=True)
    assert choice == Choice("Using the AWS provider from the Terraform registry.", "5.100.0")


def test_a_cli_configuration_with_provider_installation_is_respected(machine: Machine) -> None:
    config = machine.home / "own.tfrc"
    config.write_text('provider_installation {\n  filesystem_mirror { path = "/company" }\n}\n')
    machine.environ["TF_CLI_CONFIG_FILE"] = str(config)
    choice = machine.choose(registry=True)
    assert (choice.cli_config, choice.mirror, choice.version) == (config, None, None)
    assert str(config) in choice.says
    assert machine.probes == 0


def test_the_version_in_the_users_own_mirror_is_pinned(machine: Machine) -> None:
    mirror = put_provider(machine.home / "company", "6.1.0")
    (machine.home / ".terraformrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror.as_posix()}"\n  }}\n}}\n'
    )
    choice = machine.choose()
    assert (choice.version, choice.mirror, choice.cli_config) == ("6.1.0", None, None)


def test_the_tested_version_is_pinned_if_the_users_configuration_may_download(machine: Machine) -> None:
    (machine.home / ".terraformrc").write_text('provider_installation {\n  network_mirror { url = "https://m/" }\n}\n')
    assert machine.choose().version == "5.100.0"


def test_a_configuration_file_in_the_config_folder_counts_too(machine: Machine) -> None:
    folder = machine.home / ".terraform.d"
    folder.mkdir()
    (folder / "mirror.tfrc").write_text("provider_installation {\n  direct {}\n}\n")
    assert "mirror.tfrc" in machine.choose().says


def test_other_cli_configuration_stays_in_effect_with_the_registry(machine: Machine) -> None:
    config = machine.home / "own.tfrc"
    config.write_text('plugin_cache_dir = "/cache"\n# provider_installation {}\n')
    machine.environ["TF_CLI_CONFIG_FILE"] = str(config)
    assert machine.choose(registry=True).cli_config == config


def test_an_implied_mirror_is_left_to_terraform(machine: Machine) -> None:
    put_provider(machine.implied)
    choice = machine.choose()
    assert (choice.mirror, choice.version) == (None, "5.100.0")
    assert choice.says == f"Terraform registry out of reach: using the AWS provider 5.100.0 found in {machine.implied}."


def test_otherwise_a_mirror_is_searched_and_reported_in_one_line(machine: Machine) -> None:
    mirror = put_provider(machine.opt / "any" / "where")
    choice = machine.choose()
    assert (choice.mirror, choice.version) == (mirror, "5.100.0")
    assert choice.says == f"Terraform registry out of reach: using the AWS provider 5.100.0 found in {mirror}."


def test_the_plugin_cache_of_the_cli_configuration_is_searched(machine: Machine, tmp_path: Path) -> None:
    cache = put_provider(tmp_path / "cache")
    (machine.home / ".terraformrc").write_text(f'plugin_cache_dir = "{cache.as_posix()}"\n')
    assert machine.choose().mirror == cache


def test_an_implied_mirror_with_the_wrong_version_does_not_count(machine: Machine) -> None:
    put_provider(machine.implied, "5.99.0")
    with pytest.raises(TerraformError, match=r"no AWS provider >= 5\.100, < 7\.0 for linux_amd64 is on this machine"):
        machine.choose()


def test_a_missing_cli_configuration_file_counts_as_none(machine: Machine, tmp_path: Path) -> None:
    machine.environ["TF_CLI_CONFIG_FILE"] = str(tmp_path / "gone")
    choice = machine.choose(registry=True)
    assert choice.cli_config is None
    assert "TF_CLI_CONFIG_FILE" not in provider_environ(machine.environ, choice, tmp_path)


def test_a_found_mirror_is_written_into_terraforms_configuration(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "TF_PLUGIN_CACHE_DIR": str(tmp_path)}
    env = provider_environ(environ, Choice("", "5.100.0", Path("/m")), tmp_path)
    assert env.keys() == {"PATH", "TF_CLI_CONFIG_FILE"}
    assert Path(env["TF_CLI_CONFIG_FILE"]).read_text() == cli_config(Path("/m"))
    assert 'path = "/m"' in cli_config(Path("/m"))


def test_the_users_existing_configuration_and_cache_are_kept(tmp_path: Path) -> None:
    config = tmp_path / "own.tfrc"
    environ = {"TF_CLI_CONFIG_FILE": "x", "TF_PLUGIN_CACHE_DIR": str(tmp_path)}
    assert provider_environ(environ, Choice("", cli_config=config), tmp_path) == {
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_PLUGIN_CACHE_DIR": str(tmp_path),
    }
    assert provider_environ({"TF_PLUGIN_CACHE_DIR": str(tmp_path / "gone")}, Choice(""), tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("provider_installation {\n  direct {}\n}", True),
        ('plugin_cache_dir = "x"\n  provider_installation {\n', True),
        ('{"provider_installation": [{"direct": {}}]}', True),
        ('{"credentials": {}, "provider_installation": {}}', True),
        ("# provider_installation {\n", False),
        ("// provider_installation {\n", False),
        ('credentials "app.terraform.io" {}', False),
        ("", False),
    ],
)
def test_reading_a_cli_configuration(text: str, *, expected: bool) -> None:
    assert sets_provider_installation(text) is expected


@pytest.mark.parametrize("packed", [True, False])
def test_both_layouts_of_a_mirror_are_found(tmp_path: Path, *, packed: bool) -> None:
    mirror = put_provider(tmp_path / "a" / "b", packed=packed)
    assert find_mirror([tmp_path], PLATFORM, CONSTRAINT) == Mirror(mirror, "5.100.0")


def test_another_platform_version_host_or_depth_is_not_a_mirror(tmp_path: Path) -> None:
    put_provider(tmp_path / "mac", platform="darwin_arm64")
    put_provider(tmp_path / "old", "4.67.0")
    (tmp_path / "tofu" / "registry.opentofu.org" / "hashicorp" / "aws" / "5.100.0" / PLATFORM).mkdir(parents=True)
    put_provider(tmp_path / "1" / "2" / "3" / "4")
    assert find_mirror([tmp_path], PLATFORM, CONSTRAINT, depth=3) is None
    assert find_mirror([tmp_path], PLATFORM, CONSTRAINT, depth=4) is not None


def test_shallow_mirrors_come_first_whatever_the_order_of_the_places(tmp_path: Path) -> None:
    put_provider(tmp_path / "home" / "a" / "b" / "c")
    near = put_provider(tmp_path / "opt" / "mirror")
    assert find_mirror([tmp_path / "home", tmp_path / "opt"], PLATFORM, CONSTRAINT) == Mirror(near, "5.100.0")


def test_the_search_is_limited_in_time_and_skips_unreadable_folders(tmp_path: Path) -> None:
    put_provider(tmp_path / "mirror")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    assert find_mirror([tmp_path], PLATFORM, CONSTRAINT, seconds=0) is None
    assert find_mirror([tmp_path / "missing", tmp_path / "file"], PLATFORM, CONSTRAINT) is None


def test_the_implied_mirrors_are_those_of_terraforms_documentation() -> None:
    home = Path("/home/me")
    linux = implied_mirrors({"XDG_DATA_DIRS": "/a:/b"}, home, "linux_amd64")
    assert linux == [
        Path("/home/me/.terraform.d/plugins"),
        Path("/home/me/.local/share/terraform/plugins"),
        Path("/a/terraform/plugins"),
        Path("/b/terraform/plugins"),
    ]
    assert Path("/usr/local/share/terraform/plugins") in implied_mirrors({}, home, "linux_arm64")
    assert Path("/Library/Application Support/io.terraform/plugins") in implied_mirrors({}, home, "darwin_arm64")
    windows = implied_mirrors({"APPDATA": "/appdata"}, home, "windows_amd64")
    assert windows[0] == Path("/appdata/terraform.d/plugins")


def test_a_named_plugin_cache_is_the_first_place_to_look(tmp_path: Path) -> None:
    places = usual_places({"TF_PLUGIN_CACHE_DIR": str(tmp_path)}, Path("/home/me"))
    assert places[0] == tmp_path
    assert {Path("/home/me"), Path("/opt"), Path("/usr/share")} <= set(places)


@pytest.mark.parametrize(
    ("version", "constraint", "expected"),
    [
        ("5.100.0", ">= 5.100, < 7.0", True),
        ("5.99.9", ">= 5.100, < 7.0", False),
        ("7.0.0", ">= 5.100, < 7.0", False),
        ("6.21.1", "~> 6.0", True),
        ("7.0.0", "~> 6.0", False),
        ("5.100.7", "~> 5.100.1", True),
        ("5.101.0", "~> 5.100.1", False),
        ("5.100.0", "5.100.0", True),
        ("5.100.1", "= 5.100.0", False),
        ("5.100.1", "!= 5.100.1", False),
        ("5.100.1", "> 5.100.0, <= 5.100.1", True),
        ("6.0.0-beta1", ">= 5.100", False),
        ("6.0.0", "", True),
    ],
)
def test_version_constraints(version: str, constraint: str, *, expected: bool) -> None:
    assert satisfies(version, constraint) is expected


def test_the_tested_version_is_preferred_else_the_newest() -> None:
    assert best_version(["6.2.0", "5.100.0", "6.10.0"], CONSTRAINT) == "5.100.0"
    assert best_version(["6.2.0", "6.10.0", "7.0.0"], CONSTRAINT) == "6.10.0"
    assert best_version([], CONSTRAINT) is None
    with pytest.raises(TerraformError, match="write it like"):
        satisfies("5.100.0", "newest")


def test_the_registry_counts_only_when_it_answers_as_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer:
        def __init__(self, body: str, *, ok: bool = True) -> None:
            self.ok, self.body = ok, body

        def json(self) -> Any:
            return json.loads(self.body)

    def answering(answer: Answer) -> Callable[..., Answer]:
        return lambda *_, **__: answer

    for answer, expected in [
        (Answer('{"providers.v1": "/v1/providers/"}'), True),
        (Answer("<html>Please log in</html>"), False),
        (Answer("{}"), False),
        (Answer('{"providers.v1": ""}', ok=False), False),
    ]:
        monkeypatch.setattr("harness.provider_mirrors.requests.get", answering(answer))
        assert registry_answers() is expected
    monkeypatch.undo()
    monkeypatch.setattr("harness.provider_mirrors.DISCOVERY_URL", "http://127.0.0.1:9/")
    assert registry_answers() is False


# --- scratch copies --------------------------------------------------------------------------------------------------

VERSIONS = """
terraform {
  required_providers {
    # aws = { version = "1.0" }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository: a root module, a submodule, a package, an example, and files that must not be copied."""
    files = {
        "versions.tf": VERSIONS,
        "main.tf": 'module "archive" {\n  source = "./modules/archive"\n  bucket = var.bucket\n}\n',
        "variables.tf": 'variable "bucket" {\n  type = string\n}\n',
        "outputs.tf": 'output "bucket" {\n  value = module.archive.bucket\n}\n',
        "modules/archive/main.tf": """
            variable "bucket" {
              type = string
              validation {
                condition     = length(var.bucket) > 3
                error_message = "The bucket's name is too short: take more than 3 letters."
              }
            }
            resource "aws_s3_bucket" "this" {
              bucket        = var.bucket
              force_destroy = true
            }
            resource "aws_s3_bucket_versioning" "this" {
              bucket = aws_s3_bucket.this.id
              versioning_configuration {
                status = "Enabled"
              }
            }
            output "bucket" {
              value = aws_s3_bucket.this.id
            }
            """,
        "lambda/dist/collector.zip": "zip",
        "lambda/app/__pycache__/x.pyc": "",
        "examples/minimal/main.tf": """
            provider "aws" {}
            variable "bucket" {
              type = string
            }
            module "logs" {
              source = "../.."
              bucket = var.bucket
            }
            output "bucket" {
              value = module.logs.bucket
            }
            """,
        "examples/minimal/terraform.tfvars": 'bucket = "mine"',
        "examples/minimal/terraform.tfstate": "{}",
        "examples/minimal/override.tf": "",
        "examples/minimal/.terraform/providers/x": "",
        "backend_override.tf": "",
        "tests/a.tftest.hcl": "",
        "tests/unit/test_a.py": "",
        "README.md": "",
    }
    root = tmp_path / "repository"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    return root


def test_a_scratch_copy_has_only_what_terraform_reads(repository: Path, tmp_path: Path) -> None:
    scratch = copy_for_terraform(repository, tmp_path / "scratch")
    assert sorted(file.relative_to(scratch).as_posix() for file in scratch.rglob("*") if file.is_file()) == [
        "examples/minimal/main.tf",
        "lambda/dist/collector.zip",
        "main.tf",
        "modules/archive/main.tf",
        "outputs.tf",
        "tests/a.tftest.hcl",
        "variables.tf",
        "versions.tf",
    ]


def test_the_constraint_is_read_from_the_module(repository: Path) -> None:
    assert provider_constraint(repository) == ">= 5.100, < 7.0"
    assert provider_constraint(repository / "examples") == ""


def test_each_provider_block_is_set_up_for_the_standin_under_its_alias(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'provider "aws" {}\nprovider "aws" {\n  alias  = "dr"\n  region = "eu-west-1"\n}\n'
        'provider "aws" { alias = "x" }\n'
    )
    assert provider_aliases(tmp_path) == ["", "dr", "x"]
    text = write_overrides(tmp_path, version="5.100.0", standin=True).read_text()
    assert text.count('provider "aws" {') == 3
    assert text.count("max_retries") == 3
    assert 'version = "5.100.0"' in text
    assert provider_aliases(tmp_path) == ["", "dr", "x"]
    assert write_overrides(tmp_path).read_text() == ""


# --- the runner, with a Terraform that prints given text ------------------------------------------------------------


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., Terraform]:
    """Create a Terraform binary from a few lines of Python."""

    def make(code: str, env: dict[str, str] | None = None) -> Terraform:
        binary = tmp_path / "terraform"
        binary.write_text(
            f"#!{sys.executable}\nimport json, os, signal, subprocess, sys, time\n{textwrap.dedent(code)}"
        )
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
        return Terraform(tmp_path, {"PATH": os.environ["PATH"], **(env or {})}, binary=str(binary))

    return make


def test_an_error_has_terraforms_message(fake: Callable[..., Terraform]) -> None:
    terraform = fake("""
        print("Warning: not JSON")
        for severity in ("warning", "error"):
            print(json.dumps({"type": "diagnostic", "diagnostic": {"severity": severity,
                "summary": "Resource precondition failed", "detail": "The package is stale:\\n run make package.",
                "address": "aws_lambda_function.this"}}))
        sys.exit(1)
        """)
    with pytest.raises(TerraformError) as raised:
        terraform.plan()
    expected = "Resource precondition failed: The package is stale: run make package. (aws_lambda_function.this)"
    assert str(raised.value) == expected


def test_a_failure_without_diagnostics_shows_the_end_of_what_was_printed(fake: Callable[..., Terraform]) -> None:
    with pytest.raises(TerraformError, match="panic: oh no"):
        fake('print("panic: oh no"); sys.exit(2)').apply()
    with pytest.raises(TerraformError, match="terraform apply failed with exit status 7"):
        fake("sys.exit(7)").apply()


def test_variables_are_passed_in_the_environment_and_never_on_the_command_line(fake: Callable[..., Terraform]) -> None:
    terraform = fake(
        """
        seen = {"arguments": sys.argv, **{k: v for k, v in os.environ.items() if k.startswith("TF_")}}
        print(json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": json.dumps(seen)}}))
        sys.exit(1)
        """,
        {"TF_VAR_foreign": "x", "TF_CLI_ARGS": "-destroy", "TF_WORKSPACE": "other", "TF_LOG": "TRACE"},
    )
    with pytest.raises(TerraformError) as raised:
        terraform.apply({"word": "s3cret", "object": {"a": [1, None]}})
    seen = json.loads(str(raised.value))
    assert "s3cret" not in " ".join(seen.pop("arguments"))
    assert seen == {
        "TF_VAR_word": "s3cret",
        "TF_VAR_object": '{"a": [1, null]}',
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
    }
    assert variable_environ({"flag": True}) == {"TF_VAR_flag": "true"}


def test_a_document_is_read_despite_warnings_before_it(fake: Callable[..., Terraform]) -> None:
    terraform = fake("""
        print("There are some problems with the CLI configuration:\\n  { }")
        print(json.dumps({"a": {"value": [1]}}, indent=2))
        """)
    assert terraform.output() == {"a": [1]}
    assert fake('print("Warning: x"); print("{}")').output() == {}
    with pytest.raises(TerraformError, match="nonsense"):
        fake('print("nonsense")').output()


@pytest.mark.slow
def test_init_is_stopped_in_time_with_its_children(fake: Callable[..., Terraform], tmp_path: Path) -> None:
    terraform = fake(f"""
        subprocess.Popen(["sleep", "3600"])
        open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
        time.sleep(3600)
        """)
    with pytest.raises(TerraformError, match="terraform init took longer than 1 s"):
        terraform.init(timeout=1)
    group = int((tmp_path / "pid").read_text())
    assert not processes_of(group)


def test_an_interrupted_caller_leaves_no_terraform_behind(fake: Callable[..., Terraform], tmp_path: Path) -> None:
    terraform = fake(f"""
        def leave(*_):
            open({str(tmp_path / "orderly")!r}, "w").close()
            sys.exit(1)
        signal.signal(signal.SIGTERM, leave)
        hook = {{"resource": {{"addr": "a"}}, "action": "create"}}
        print(json.dumps({{"type": "apply_start", "hook": hook}}), flush=True)
        time.sleep(60)
        """)

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terraform.apply(on_progress=interrupt)
    assert (tmp_path / "orderly").exists()


def processes_of(group: int) -> list[str]:
    """List the processes of a process group that are still running."""
    listing = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 2) for line in listing.splitlines()]
    return [line[-1] for line in lines if line[0] == str(group) and not line[1].startswith("Z")]


@pytest.mark.parametrize(
    ("version", "sentence"),
    [("1.10.5", "Terraform 1.10.5 is too old: this module needs 1.11 or newer."), ("1.11.0-rc1", ""), ("2.0.0", "")],
)
def test_the_version_is_checked(fake: Callable[..., Terraform], version: str, sentence: str) -> None:
    document = json.dumps({"terraform_version": version, "platform": PLATFORM})
    terraform = fake(f"print({document!r})")
    if sentence:
        with pytest.raises(TerraformError) as raised:
            terraform_platform({}, binary=terraform.binary)
        assert str(raised.value) == sentence
    else:
        assert terraform_platform({}, binary=terraform.binary) == PLATFORM


def test_a_missing_terraform_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match=r"^no-terraform was not found: install Terraform 1\.11 or newer"):
        terraform_platform({"PATH": str(tmp_path)}, binary="no-terraform")


def test_reading_progress() -> None:
    hook = {"resource": {"addr": "module.a.b"}, "action": "create", "elapsed_seconds": 10}
    assert progress_of({"type": "apply_progress", "hook": hook}) == Progress("running", "module.a.b", "create", 10.0)
    plan = {"type": "change_summary", "changes": {"operation": "plan", "add": 2, "change": 1, "remove": 3}}
    assert progress_of(plan) == Progress("planned", count=6)
    assert progress_of({"type": "refresh_start", "hook": hook}) is None


def test_a_diagnostic_names_its_place() -> None:
    where = {"filename": "main.tf", "start": {"line": 3}}
    assert describe({"summary": "Bad.", "detail": "", "range": where}) == "Bad (main.tf:3)"


def test_cleaning_keeps_other_variables() -> None:
    env = scrubbed({"PATH": "/bin", "TF_DATA_DIR": "x", "TF_PLUGIN_CACHE_DIR": "y", "AWS_REGION": "z"})
    assert env == {
        "PATH": "/bin",
        "TF_PLUGIN_CACHE_DIR": "y",
        "AWS_REGION": "z",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
    }


# --- the real binary -------------------------------------------------------------------------------------------------


@needs_terraform
def test_the_real_terraform_without_a_provider(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "word" {\n  type = string\n}\n'
        'resource "terraform_data" "this" {\n  input = var.word\n}\n'
        'output "word" {\n  value = terraform_data.this.output\n}\n'
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.tftest.hcl").write_text(
        'variables {\n  word = "x"\n}\nrun "good" {\n  command = plan\n}\n'
        'run "bad" {\n  command = plan\n'
        '  assert {\n    condition     = var.word == "y"\n    error_message = "not y"\n  }\n}\n'
    )
    terraform = Terraform(tmp_path, {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull})
    terraform.init()
    assert terraform.validate() == []
    assert terraform.fmt_check() == []
    plan = terraform.plan({"word": "hello"}, out=tmp_path / "plan")
    assert plan.changed
    assert plan.actions == {"terraform_data.this": "create"}
    assert terraform.show_json(tmp_path / "plan")["resource_changes"][0]["change"]["after"]["input"] == "hello"
    steps: list[Progress] = []
    assert terraform.apply({"word": "hello"}, on_progress=steps.append) == Changes(add=1)
    assert [step.state for step in steps] == ["planned", "started", "complete"]
    assert terraform.output() == {"word": "hello"}
    assert not terraform.plan({"word": "hello"}).changed
    with pytest.raises(TerraformError, match=r"bad: fail\n.*not y"):
        terraform.test()
    (tmp_path / "main.tf").write_text("locals {\n a=1\n}\n")
    assert terraform.fmt_check() == ["main.tf"]


@pytest.mark.slow
@needs_terraform
def test_the_real_provider_against_the_standin(repository: Path, tmp_path: Path) -> None:
    said: list[str] = []
    variables = {"bucket": "archive"}
    with AwsStandIn() as aws:
        environ = aws.env(os.environ | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing"), "TF_VAR_bucket": "foreign"})
        terraform = prepare(repository, tmp_path / "scratch", environ, say=said.append)
        terraform.init()
        with running_provider(terraform):
            with pytest.raises(
                TerraformError, match=r"^Invalid value for variable: The bucket's name is too short: take"
            ):
                terraform.plan({"bucket": "x"})
            assert terraform.apply(variables) == Changes(add=2)
            again = terraform.plan(variables)
            assert (again.changed, again.actions) == (False, {})
            s3 = aws.client("s3")
            s3.put_object(Bucket="archive", Key="a", Body=b"x")
            s3.delete_object(Bucket="archive", Key="a")
            assert terraform.output() == variables
            assert terraform.destroy(variables) == Changes(destroy=2)
            assert terraform.state_list() == []
            assert s3.list_buckets()["Buckets"] == []
    assert len(said) == 1
    assert said[0].startswith(("Using the AWS provider", "Terraform registry out of reach: using the AWS provider"))
    assert not (repository / ".terraform").exists()
