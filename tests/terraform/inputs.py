"""The table of inputs, and Terraform's messages for each of them.

Terraform plans a module once for each case of a `for_each`, so one process tests hundreds of cases. If an input breaks
its rule in one instance, Terraform evaluates no rule that refers to this input in any instance: so each block has only
cases that break rules of the same input (or resource), and each case is tested as if it were alone.
The same plan shows the warnings of the checks in checks.tf, which use only inputs.
"""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from harness.terraform import Terraform, TerraformError

REPOSITORY = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("inputs.yaml")
CONFIGURATION = "main.tf.json"
RUN = "tests/inputs.tftest.json"
INPUT_FILES = {
    "root": (
        "variables.tf",
        "checks.tf",
        "names.tf",
        "schedule.tf",
        "time_zones.tf",
        "lambda/zoom_operationlogs/reports.json",
    ),
    "deployer": ("variables.tf", "rights.json"),
}
"""The files that the rules of a module's inputs need, with `ACCOUNT` instead of account.tf, which reads from AWS."""
ACCOUNT = {"id": "111122223333", "region": "eu-west-1", "partition": "${var.partition}", "dns_suffix": "amazonaws.com"}
BLOCK = re.compile(r'(?ms)^((variable|resource) "(\w+)"[^\n]*) \{$(.*?)^\}$')


@dataclass(frozen=True)
class Case:
    """Inputs of a module, and the message of the rule that they break, of an input (`var.bucket`) or a resource.

    Accepted inputs have neither place nor message. Those for a check (`check.memory`) have its warning, or none.
    """

    id: str
    module: str
    name: str
    inputs: dict[str, Any]
    place: str = ""
    sentence: str = ""
    partition: str = "aws"

    @property
    def of_a_resource(self) -> bool:
        return bool(self.place) and not self.place.startswith(("var.", "check."))

    @property
    def of_a_check(self) -> bool:
        return self.place.startswith("check.")

    @property
    def block(self) -> str:
        """The module block that plans the case."""
        return re.sub(r"\W", "_", f"{self.module}_{self.place or 'accepted'}")


# --- the table -------------------------------------------------------------------------------------------------------


class EachKeyOnce(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML's safe loader that refuses two cases of the same name: YAML would silently drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"named twice: {twice}{node.start_mark}"
        return dict(super().construct_mapping(node, deep))


@functools.cache
def table() -> dict[str, Any]:
    text = TABLE.read_text(encoding="utf-8")
    return {module: written_out(entry) for module, entry in yaml.load(text, EachKeyOnce).items()}


@functools.cache
def cases() -> list[Case]:
    return [Case(id=f"case{n}", **case) for n, case in enumerate(_cases())]


def _cases() -> Iterator[dict[str, Any]]:
    for module, entry in table().items():
        base = entry["base"]
        for rule in entry["rules"]:
            said = {"place": rules(module).get(rule["sentence"], ""), "sentence": rule["sentence"]}
            where = {"partition": rule.get("partition", "aws")}
            for name, inputs in rule["wrong"].items():
                yield {"module": module, "name": name, "inputs": base | inputs} | said | where
            for name, inputs in rule.get("right", {}).items():
                yield {"module": module, "name": name, "inputs": base | inputs}
        for name, inputs in entry.get("right", {}).items():
            yield {"module": module, "name": name, "inputs": base | inputs}
        for check, of_it in entry.get("checks", {}).items():
            said = {"module": module, "place": f"check.{check}"}
            for name, warned in of_it["warns"].items():
                inputs = _without_subscribers(warned["inputs"])
                yield said | {"name": name, "inputs": base | inputs, "sentence": warned["sentence"]}
            for name, inputs in of_it["silent"].items():
                yield said | {"name": name, "inputs": base | _without_subscribers(inputs)}


def _without_subscribers(inputs: dict[str, Any]) -> dict[str, Any]:
    """Give the alarms no recipient unless the case names one, because a plan would warn about that too."""
    return inputs | {"monitoring": {"topic_arns": []} | inputs.get("monitoring", {})}


def written_out(value: Any) -> Any:
    """Expand the table's abbreviations.

    `<z*64>` is 64 times z; `s-<1..3>` as element or key is s-1, s-2, s-3; `<today+1>` is tomorrow's date in UTC.
    """
    if isinstance(value, dict):
        return {one: written_out(part) for key, part in value.items() for one in _counted(key)}
    if isinstance(value, list):
        return [one for part in value for one in (_counted(part) if isinstance(part, str) else [written_out(part)])]
    return _repeated(value) if isinstance(value, str) else value


def _counted(text: str) -> list[str]:
    found = re.search(r"<(\d+)\.\.(\d+)>", text)
    numbers = range(int(found[1]), int(found[2]) + 1) if found else ()
    return [_repeated(text.replace(found[0], str(number))) for number in numbers] if found else [_repeated(text)]


def _repeated(text: str) -> str:
    text = re.sub(r"<today\+(\d+)>", lambda found: str(datetime.now(UTC).date() + timedelta(int(found[1]))), text)
    return re.sub(r"<([^<>*]+)\*(\d+)>", lambda found: found[1] * int(found[2]), text)


# --- the modules -----------------------------------------------------------------------------------------------------


def folder(module: str) -> str:
    return "." if module == "root" else f"modules/{module}"


@functools.cache
def rules(module: str) -> dict[str, str]:
    """The messages of a module's rules, and their places. All are different."""
    found = [
        (json.loads(sentence), ".".join(re.findall(r'"(\w+)"', header)) if kind == "resource" else f"var.{name}")
        for file in sorted((REPOSITORY / folder(module)).glob("*.tf"))
        for header, kind, name, body in BLOCK.findall(file.read_text(encoding="utf-8"))
        for sentence in re.findall(r"(?m)^ +error_message += (.*)$", body)
    ]
    assert len(dict(found)) == len(found), f"two rules of {module} have the same message"
    return dict(found)


def asks_for_its_partition(module: str) -> bool:
    """Return whether a module reads the partition itself, or gets it as an input."""
    files = (REPOSITORY / folder(module)).glob("*.tf")
    return any('data "aws_partition" "current"' in file.read_text(encoding="utf-8") for file in files)


def checks(module: str, files_of_it: str = "*.tf") -> list[str]:
    """Return the names of a module's checks, all or those of a file."""
    files = sorted((REPOSITORY / folder(module)).glob(files_of_it))
    return [name for file in files for name in re.findall(r'(?m)^check "(\w+)"', file.read_text(encoding="utf-8"))]


# --- rules of inputs: a plan without provider ------------------------------------------------------------------------


def write_plan(scratch: Path) -> None:
    """Write the modules' inputs without their resources, and a root that calls them: a plan then needs no provider."""
    for module in table():
        _copy(module, scratch / module, *INPUT_FILES.get(module, ("variables.tf",)))
    _write(scratch / "root/account.tf.json", {"variable": {"partition": {}}, "locals": {"account": ACCOUNT}})
    blocks = {case.block: _block(case, f"./{case.module}") for case in cases()}
    judged = {block: {"value": f"${{keys(module.{block})}}"} for block in blocks}
    _write(scratch / CONFIGURATION, _root(blocks) | {"output": judged})


def refused(terraform: Terraform, wrong: Iterable[Case]) -> dict[str, list[str]]:
    """Plan wrong inputs; return Terraform's messages, by case."""
    _write(terraform.workdir / "terraform.tfvars.json", _by_block(cases(), wrong))
    try:
        terraform.plan()
    except TerraformError as error:
        return by_case(str(error).splitlines())
    return {}


def accepted(terraform: Terraform, right: Sequence[Case]) -> dict[str, list[str]]:
    """Plan right inputs; return no message for each planned case. A second plan leaves out refused cases."""
    _write(terraform.workdir / "terraform.tfvars.json", _by_block(cases(), right))
    plan = terraform.workdir / "accepted.tfplan"
    try:
        terraform.plan(out=plan)
    except TerraformError as error:
        said = by_case(str(error).splitlines())
        others = [case for case in right if case.id not in said]
        if len(others) == len(right):
            raise
        return said | accepted(terraform, others)
    outputs = terraform.show_json(plan)["planned_values"]["outputs"]
    return {case: [] for output in outputs.values() for case in output["value"]}


def warned(terraform: Terraform, right: Iterable[Case]) -> dict[str, list[str]]:
    """Plan right inputs; return Terraform's warnings, by case."""
    _write(terraform.workdir / "terraform.tfvars.json", _by_block(cases(), right))
    return by_case(terraform.plan().warnings)


# --- rules of resources: a run of `terraform test` with the mocked provider ------------------------------------------


def write_run(scratch: Path) -> None:
    """Write into a copy of the repository a run that plans all cases that break a rule of a resource."""
    wrong = [case for case in cases() if case.of_a_resource]
    for module in {case.module for case in wrong}:
        _copy(module, scratch / "modules" / f"{module}_of_cases", "*.tf")
    blocks = {case.block: _block(case, f"../../../modules/{case.module}_of_cases") for case in wrong}
    required = {"required_providers": {"aws": {"source": "hashicorp/aws"}}}
    target = scratch / "tests/fixtures/inputs" / CONFIGURATION
    target.parent.mkdir(parents=True)
    _write(target, _root(blocks) | {"terraform": required})
    run = {
        "command": "plan",
        "module": {"source": "./tests/fixtures/inputs"},
        "variables": _by_block(wrong, wrong),
    }
    provider = {"aws": {"source": "./tests/mocks", "override_during": "plan"}}
    _write(scratch / RUN, {"mock_provider": provider, "run": {"wrong": run}})


# --- both ------------------------------------------------------------------------------------------------------------


def by_case(errors: Iterable[str]) -> dict[str, list[str]]:
    """Sort Terraform's errors: the messages for each case, by its ID. An error that names no case stays unchanged."""
    kinds = "Invalid value for variable|Resource precondition failed|Check block assertion failed"
    form = re.compile(rf"(?:{kinds}): (case\d+) (.*) \([^()]*\)")
    said = defaultdict(list)
    for error in errors:
        case, sentence = found.groups() if (found := form.fullmatch(error)) else (error, "")
        said[case].append(sentence)
    return dict(said)


def _copy(module: str, target: Path, *files: str) -> None:
    """Copy a module so that each message begins with its case: Terraform does not name the instance."""
    target.mkdir()
    for file in (one for pattern in files for one in (REPOSITORY / folder(module)).glob(pattern)):
        text = file.read_text(encoding="utf-8").replace('error_message = "', 'error_message = "${var.case} ')
        copy = target / file.relative_to(REPOSITORY / folder(module))
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    _write(
        target / "case.tf.json", {"variable": {"case": {"type": "string"}}, "output": {"id": {"value": "${var.case}"}}}
    )


def _root(blocks: dict[str, Any]) -> dict[str, Any]:
    return {"variable": {block: {} for block in blocks}, "module": blocks}


def _block(case: Case, source: str) -> dict[str, Any]:
    """Call a module once for each case of the block; inputs that a case leaves out have their defaults."""
    text = (REPOSITORY / folder(case.module) / "variables.tf").read_text(encoding="utf-8")
    names = [*re.findall(r'(?m)^variable "(\w+)"', text), *(["partition"] if case.module == "root" else [])]
    given = {name: f"${{try(each.value.{name}, null)}}" for name in names}
    return {"source": source, "for_each": f"${{var.{case.block}}}", "case": "${each.key}", **given}


def _by_block(all_cases: Iterable[Case], chosen: Iterable[Case]) -> dict[str, dict[str, Any]]:
    by_block: dict[str, dict[str, Any]] = {case.block: {} for case in all_cases}
    for case in chosen:
        by_block[case.block][case.id] = {"partition": case.partition} | case.inputs
    return by_block


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
