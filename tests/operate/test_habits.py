"""What an operator who knows `gh` and `aws` tries first: -h, --profile, --debug, completion of names."""

from __future__ import annotations

import json
import os
import stat
from io import BytesIO
from pathlib import Path
from typing import Any

import commands
import pytest
import requests
from feed.deployments import ACCOUNT, module
from urllib3 import HTTPConnectionPool, HTTPResponse
from zoomlogs import aws
from zoomlogs.__main__ import FAULT, main
from zoomlogs.requests_shown import harmless, show_requests

from .test_page import LEAVES

SECRET = "PLANTED-SECRET"


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_explains_itself_and_has_the_options_of_all(name: str) -> None:
    wide = commands.neutral(COLUMNS="120")
    short, long = (commands.zoomlogs(*name.split()[1:], option, environ=wide) for option in ("-h", "--help"))
    assert short == long
    assert (short.status, short.err) == (0, "")
    for option in ("--json", "--profile", "--debug", "-h"):
        assert option in short.out


@pytest.mark.parametrize("group", ["", "feed", "reader-key", "zoom-secret"])
def test_every_group_explains_itself(group: str) -> None:
    ran = commands.zoomlogs(*group.split(), "-h")
    assert (ran.status, ran.err) == (0, "")
    assert "Usage:" in ran.out


CONFIG = "[profile blue]\naws_access_key_id = AKIABLUE\naws_secret_access_key = b\n"
OTHERS = {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "e"}


@pytest.fixture
def terraform(tmp_path: Path) -> Path:
    """A folder with a `terraform` that prints the outputs, and writes down its environment."""
    (tmp_path / "outputs.json").write_text(json.dumps({**module(), "log_group": {"name": "g", "arn": "g"}}))
    program = tmp_path / "terraform"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\ncat {tmp_path}/outputs.json\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "config").write_text(CONFIG)
    return tmp_path


def test_a_profile_counts_before_all_else_and_for_terraform_too(
    terraform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def account_of(session: Any) -> str:
        seen.append(session.get_credentials().access_key)
        return "210987654321"

    monkeypatch.setattr(aws, "account_of", account_of)
    environ = {
        **commands.neutral(PATH=f"{terraform}{os.pathsep}{os.environ['PATH']}"),
        **OTHERS,
        "AWS_CONFIG_FILE": str(terraform / "config"),
    }
    assert f"for the account {ACCOUNT}" in commands.zoomlogs("logs", environ=environ, folder=terraform).err
    environ["AWS_DEFAULT_PROFILE"] = "nowhere"
    ran = commands.zoomlogs("logs", "--profile", "blue", environ=environ, folder=terraform)
    assert ran.status == 2
    assert seen == ["AKIAENVIRONMENT", "AKIABLUE"]
    told = dict(line.split("=", 1) for line in (terraform / "environment").read_text().splitlines())
    assert told["AWS_PROFILE"] == "blue"
    assert not told.keys() & {*OTHERS, "AWS_DEFAULT_PROFILE"}


def test_a_profile_that_is_not_there_is_named(terraform: Path) -> None:
    environ = {**commands.neutral(), "AWS_CONFIG_FILE": str(terraform / "config")}
    ran = commands.zoomlogs("logs", "--profile", "red", "--outputs", terraform / "outputs.json", environ=environ)
    assert (ran.status, ran.err) == (2, "AWS cannot be signed in to: The config profile (red) could not be found.\n")


def test_the_names_of_instances_are_completed(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"blue": {"value": module()}, "all": {"value": {"eu": module(), "us": module()}}}))

    def completed(words: str, **environ: str) -> list[str]:
        asked = {"_ZOOMLOGS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        ran = commands.zoomlogs(environ=commands.neutral(**asked, **environ))
        assert ran.err == ""
        return ran.out.split()

    assert completed(f"zoomlogs logs --outputs {outputs} --instance ") == ["all.eu", "all.us", "blue"]
    assert completed("zoomlogs doctor --instance all.", ZOOMLOGS_OUTPUTS=str(outputs)) == ["all.eu", "all.us"]
    assert completed("zoomlogs doctor --instance a", ZOOMLOGS_OUTPUTS="nowhere.json") == []


# --debug


def test_debug_shows_each_request_and_nothing_that_opens_a_door(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(_pool: HTTPConnectionPool, method: str, url: str, **_options: Any) -> HTTPResponse:
        if "fails" in url:
            raise OSError(SECRET)
        return HTTPResponse(body=BytesIO(), status=200, preload_content=False)

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", answer)
    with show_requests():
        requests.get(
            f"https://api.zoom.us/v2/report/operationlogs?from=2026-03-01&to=2026-03-02&next_page_token={SECRET}",
            headers={"Authorization": f"Bearer {SECRET}"},
            timeout=1,
        )
        requests.post("https://zoom.us/oauth/token", data={"client_secret": SECRET}, auth=("a", SECRET), timeout=1)
        requests.get(
            f"https://bucket.s3.amazonaws.com/key?X-Amz-Signature={SECRET}&X-Amz-Security-Token={SECRET}", timeout=1
        )
        requests.post("https://iam.amazonaws.com/", data=f"Action=ListAccessKeys&UserName={SECRET}", timeout=1)
        requests.post(
            "https://logs.eu-west-1.amazonaws.com/", headers={"X-Amz-Target": "Logs.FilterLogEvents"}, timeout=1
        )
        with pytest.raises(OSError, match=SECRET):
            requests.get("https://fails.example/fails", timeout=1)
    requests.get("https://after.example/", timeout=1)
    said = capsys.readouterr()
    assert said.out == ""
    assert SECRET not in said.err
    lines = said.err.splitlines()
    assert [line.rsplit(", ", 1)[0] for line in lines] == [
        "GET https://api.zoom.us/v2/report/operationlogs?from=2026-03-01&to=2026-03-02&next_page_token=…: 200",
        "POST https://zoom.us/oauth/token: 200",
        "GET https://bucket.s3.amazonaws.com/key?X-Amz-Signature=…&X-Amz-Security-Token=…: 200",
        "POST https://iam.amazonaws.com/ ListAccessKeys: 200",
        "POST https://logs.eu-west-1.amazonaws.com/ Logs.FilterLogEvents: 200",
        "GET https://fails.example/fails: OSError",
    ]
    assert all(line.endswith(" ms") for line in lines)


def test_a_fault_of_its_own_is_a_sentence_and_with_debug_a_traceback(
    terraform: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks_off(*_: object, **__: object) -> int:
        raise LookupError(SECRET)

    monkeypatch.setattr("zoomlogs.rights.main", breaks_off)
    command = ["zoomlogs", "rights", "doctor", "--outputs", str(terraform / "outputs.json")]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join(capsys.readouterr().err.split())
    assert ended.value.code == 1
    assert said.startswith(FAULT) and "Run it again with --debug, and report the traceback." in said
    assert "LookupError" in said and SECRET not in said
    monkeypatch.setattr("sys.argv", [*command, "--debug"])
    with pytest.raises(LookupError, match=SECRET):
        main()


def test_what_is_not_known_to_be_harmless_is_hidden() -> None:
    assert harmless("/path?a=1&prefix=zoom%2F&uploads&=x") == "/path?a=…&prefix=zoom/&uploads&=…"
