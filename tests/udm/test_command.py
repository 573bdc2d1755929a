"""`zoomlogs udm` as it is run: its inputs and forms, what it says, and the status it ends with."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Any

import boto3
import commands
import pytest
from standins.aws import AwsStandIn
from standins.zoom.samples import SAMPLES_FILE
from zoomlogs.console import BROKEN_PIPE
from zoomlogs.mapping.events import event
from zoomlogs.udm import command

from . import schema

pytestmark = pytest.mark.slow

RECORD = {
    "time": "2022-07-05T20:28:48Z",
    "operator": "admin@example.com",
    "category_type": "User",
    "action": "Batch Update",
    "operation_detail": "Change Role  - homer@example.com: from User to Co-Owner",
}
LINE = json.dumps(RECORD)
MANY = 10_000  # many times what a pipe holds

buffered_or_not = pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])


def run(*arguments: object, stdin: bytes | str = "", **environ: str) -> commands.Ran:
    return commands.zoomlogs("udm", *arguments, stdin=stdin, environ=commands.neutral(**environ))


def start(*arguments: object, unbuffered: bool = False, **options: Any) -> subprocess.Popen[bytes]:
    """Start it as a process, with output buffered or not, whatever these tests run under."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    env = {**options.pop("env", commands.neutral()), "PYTHONUNBUFFERED": "1" if unbuffered else ""}
    return subprocess.Popen([commands.SCRIPT, "udm", *map(str, arguments)], env=env, **pipes | options)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of more events than a pipe holds."""
    path = tmp_path_factory.mktemp("many") / "many.jsonl"
    path.write_text(f"{LINE}\n" * MANY)
    return path


@pytest.mark.parametrize("arguments", [["-"], []], ids=["dash", "nothing"])
def test_records_on_standard_input_become_events_on_standard_output(arguments: list[str]) -> None:
    result = run(*arguments, stdin=f"{LINE}\n{LINE}\n\n{LINE}")
    assert (result.status, result.err) == (0, "")
    assert [schema.check(line) for line in result.out.split("\n")[:-1]] == [event(RECORD)] * 3


def test_a_stream_is_shown_while_it_goes_on() -> None:
    process = start()
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(f"{LINE}\n".encode() * 2 * command.RECORDS_AT_ONCE)
    process.stdin.flush()
    first = process.stdout.readline()  # though the input has not ended
    process.stdin.write(f"{LINE}\n".encode())
    process.stdin.close()
    out, err = process.stdout.read(), process.stderr.read()
    assert (process.wait(), err) == (0, b"")
    assert {first, *out.splitlines(keepends=True)} == {first}
    assert out.count(b"\n") == 2 * command.RECORDS_AT_ONCE


@buffered_or_not
def test_a_slow_reader_gets_every_byte(unbuffered: bool, many: Path) -> None:
    process = start(many, unbuffered=unbuffered)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.count(b"\n") == MANY
    assert len(set(out.split(b"\n"))) == 2


def test_gzip_on_standard_input() -> None:
    result = run("-", stdin=gzip.compress(LINE.encode()))
    assert result.status == 0
    assert json.loads(result.out) == event(RECORD)


def test_no_records_are_no_success(tmp_path: Path) -> None:
    """A pipe that failed before it wrote anything must not end well."""
    empty = tmp_path / "empty.json"
    empty.write_text("\n\n")
    for form in ([], ["--table"], ["--coverage"], ["--coverage", "--json"]):
        assert run(empty, *form).status == 1


NOTHING = "No record is in standard input: there is nothing to preview.\n"


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"[]", b'{"operation_logs": []}', gzip.compress(b"", mtime=0)], ids=repr
)
def test_an_empty_input_is_said_to_be_empty(content: bytes) -> None:
    result = run("-", stdin=content)
    assert (result.status, result.out, result.err) == (1, "", NOTHING)


PAGE = {"from": "2026-03-01", "to": "2026-03-02", "next_page_token": "x", "operation_logs": [RECORD, RECORD]}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(PAGE),
        json.dumps(PAGE, indent=2),
        json.dumps([PAGE]),
        json.dumps(PAGE["operation_logs"], indent=4),
        "\n".join(map(json.dumps, PAGE["operation_logs"])),
        "\ufeff" + json.dumps(PAGE, indent=1),
        json.dumps({**PAGE, "operation_logs": [RECORD]}) + "\n" + json.dumps(RECORD),
    ],
    ids=["page", "page laid out", "pages", "list laid out", "lines", "byte order mark", "page and line"],
)
@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())], ids=["plain", "gzip"])
def test_the_rows_of_a_page_are_its_records(content: str, pack: Any) -> None:
    result = run("-", stdin=pack(content))
    assert (result.status, result.err) == (0, "")
    assert [json.loads(line) for line in result.out.splitlines()] == [event(RECORD)] * 2


def test_a_page_of_sign_ins_gives_their_events() -> None:
    row = {"time": "2026-03-01T10:00:00Z", "email": "a@b.io", "type": "Sign in"}
    result = run("-", stdin=json.dumps({"activity_logs": [row]}).encode())
    assert (result.status, result.err, json.loads(result.out)) == (0, "", event(row))


CSV = "Time,Admin,Category Type,Action,Operation Detail\n2026-03-01,a@b.io,User,Update,x\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"meetings": [{"email": "a@b.io"}]}', "not a record: it has none of action, category_type, "),
        (b'{"activity_logs": {"a": 1}}', "not a page of Zoom's report: activity_logs is no array"),
        (b'{"code": 124, "message": "Invalid access token."}', "not a record: it has none of action, category_type, "),
        (b"{}", "not a record: it has none of "),
        (b'{"operation_logs": {"a": 1}}', "not a page of Zoom's report: operation_logs is no array"),
        (b'{"operation_logs": [1]}', "not a JSON object"),
        (CSV.encode(), "a table (CSV), not JSON: give the records as Zoom's API or the archive has them"),
        (json.dumps(RECORD).encode("utf-16"), "UTF-16: convert it to UTF-8"),
        (b"PK\x03\x04\xff", "not UTF-8 at byte 5"),
    ],
    ids=lambda value: repr(value)[:20] if isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("form", [[], ["--table"], ["--coverage"]], ids=" ".join)
def test_a_line_without_a_record_is_named_and_gives_no_event(content: bytes, sentence: str, form: list[str]) -> None:
    result = run(*form, "-", stdin=content)
    assert result.status == 1
    assert result.err.startswith(f"<stdin>:1: {sentence}")
    if not form:
        assert result.out == ""


def test_every_published_record_gives_an_event_of_udm() -> None:
    result = run(SAMPLES_FILE)
    records = SAMPLES_FILE.read_text(encoding="utf-8").split("\n")[:-1]
    assert (result.status, result.err) == (0, "")
    assert [schema.check(line) for line in result.out.split("\n")[:-1]] == [event(json.loads(r)) for r in records]


def test_events_are_utf_8_whatever_the_locale() -> None:
    process = start(env=commands.neutral(LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="latin-1"))
    out, _ = process.communicate('{"action": "会議室 \\ud800"}'.encode())
    assert process.returncode == 0
    assert json.loads(out)["metadata"]["productEventType"] == "会議室 \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("form", [[], ["--table"], ["--coverage"], ["--coverage", "--json"]], ids=" ".join)
def test_bad_lines_are_reported_with_file_and_number_and_the_rest_goes_on(form: list[str], tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.jsonl", tmp_path / "good.jsonl"
    bad.write_text(f"{LINE}\noops\n[1]\n{LINE}\n")
    good.write_text(f"{LINE}\n")
    result = run(*form, bad, good)
    assert result.status == 1
    assert result.err.split("\n") == [
        f"{bad}:2: not JSON: expecting value at character 1 of 4",
        f"{bad}:3: not a JSON object",
        "2 lines have no record; 5 were read.",
        "",
    ]
    if not form:
        assert len(result.out.split("\n")) == 4
    elif form == ["--coverage", "--json"]:
        document = json.loads(result.out)
        assert (document["records"], document["lines"], document["bad_lines"]) == (3, 5, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no such file"], "no such file does not exist."),
        (["--table", "--coverage", "-"], "choose one of --table, --coverage"),
        (["--json", "-"], "--json goes with --coverage"),
        (["--no-such-option"], "No such option"),
        (["s3:x"], "s3:x is no S3 address"),
    ],
)
def test_a_wrong_command_line_is_refused_with_2(arguments: list[str], said: str) -> None:
    result = run(*arguments, COLUMNS="200")
    assert (result.status, result.out) == (2, "")
    assert said in result.err


def test_a_terminal_is_shown_what_to_name() -> None:
    result = commands.zoomlogs("udm", terminal=True)
    assert result.status == 2
    assert "name files, folders or s3://bucket/prefix/, or pipe records in." in " ".join(result.err.split())


def test_s3_without_credentials_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    somebodys = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", somebodys)
    result = run("s3://bucket/prefix/", HOME=str(tmp_path), AWS_DEFAULT_REGION="us-east-1")
    assert result.status == 2
    assert result.err == "No AWS credentials found: sign in as for `terraform plan`, or give --profile.\n"


def test_s3_by_its_endpoint(aws: AwsStandIn) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="zoom-operation-logs")
    for number in range(3):
        key = f"zoom/operationlogs/2026/01/0{number + 1}/zoom-operationlogs-2026010{number + 1}-000001.json.gz"
        body = gzip.compress(f"{LINE}\n".encode() * 2000)
        s3.put_object(Bucket="zoom-operation-logs", Key=key, Body=body)
    environ = aws.env(commands.neutral())
    result = commands.zoomlogs("udm", "s3://zoom-operation-logs/zoom/operationlogs/", environ=environ)
    missing = commands.zoomlogs("udm", "s3://no-such-bucket/", environ=environ)
    assert (result.status, result.err, result.out.count("\n")) == (0, "", 6000)
    assert missing.status == 2
    assert missing.err.startswith("s3://no-such-bucket/ cannot be listed: The specified bucket does not exist")


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "unbuffered"), [("events", False), ("table", True)])
def test_a_closed_pipe_ends_it_quietly(form: str, unbuffered: bool, many: Path) -> None:
    process = start(*(["--table"] if form == "table" else []), many, unbuffered=unbuffered)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == BROKEN_PIPE
    assert process.stderr.read() == b""


@buffered_or_not
def test_a_pipe_closed_before_the_first_line(unbuffered: bool, tmp_path: Path) -> None:
    """Python holds so little back until its end, and must not complain then."""
    file = tmp_path / "one.jsonl"
    file.write_text(LINE)
    read, write = os.pipe()
    os.close(read)
    process = start(file, stdout=write, unbuffered=unbuffered)
    os.close(write)
    _, err = process.communicate()
    assert (process.returncode, err) == (BROKEN_PIPE, b"")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_interruption_ends_it_quietly(by: signal.Signals, many: Path) -> None:
    process = start(many)
    assert process.stdout
    assert process.stderr
    first = process.stdout.readline()
    process.send_signal(by)
    rest, err = process.stdout.read(), process.stderr.read()
    assert (process.wait(), err) == (command.INTERRUPTED, b"")
    assert 0 < rest.count(b"\n") < MANY - 1
    assert set(rest.split(b"\n")[:-1]) == {first.rstrip(b"\n")}


@buffered_or_not
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_is_a_sentence(unbuffered: bool, tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text(LINE)
    with Path("/dev/full").open("wb") as full:
        process = start(file, stdout=full, unbuffered=unbuffered)
        _, err = process.communicate()
    assert (process.returncode, err) == (1, b"The output cannot be written: No space left on device.\n")


def test_progress_is_shown_on_a_terminal_only(many: Path) -> None:
    terminal, end = pty.openpty()
    process = start(many, stdout=subprocess.DEVNULL, stderr=end)
    os.close(end)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(terminal)
    assert process.wait() == 0
    assert b"000 records, " in shown


# --- forms for people ------------------------------------------------------------------------------------------------


def test_table_is_readable_in_100_columns() -> None:
    result = run("--table", SAMPLES_FILE, COLUMNS="80")  # what Rich takes for a pipe's width
    assert result.status == 0
    assert 80 < max(map(len, result.out.split("\n"))) <= 100
    for text in ("time, event type", "2023-03-21 08:22:09", "USER_UNCATEGORIZED", "GENERIC_EVENT", "no time"):
        assert text in result.out
    for text in ("role = Co-Owner", "title = Contractor", "department = Foo", "User Type = Basic", "Batch"):
        assert text in result.out
    assert "Update billing contact" in result.out  # no target: its detail


def test_table_of_many_has_one_header_and_takes_any_number(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(f"{LINE}\n" * 450)
    result = run("--table", file)
    assert result.out.count("time, event type") == 1
    assert result.out.count("2022-07-05 20:28:48") == 450


def test_tables_escape_records() -> None:
    hostile = "\x1b[2J[bold]x[/bold]\x07\u202e\r" + "y" * 400
    detail = f"{hostile}  - {hostile}"
    record = {"operator": hostile, "action": hostile, "category_type": "[red]", "operation_detail": detail}
    for form in ("--table", "--coverage"):
        result = run(form, "-", stdin=json.dumps(record))
        assert result.status == 0
        assert not set("\x1b\x07\u202e\r") & set(result.out)
        assert "[bold]x[/bold]" in result.out.replace("\n", "")


def test_file_names_are_escaped(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[2Jb.jsonl"
    file.write_text("oops")
    assert "\x1b" not in run(file).err


def test_the_target_of_several_users_counts_the_others() -> None:
    detail = 'Privilege  - [{"userId": "u1", "options": ["a"]}, {"userId": "u2"}, {"userId": "u3"}] - Location: HQ'
    result = run("--table", "-", stdin=json.dumps({"operation_detail": detail}))
    for text in ("u1", "options = a", "location = HQ", "and about 2 more"):
        assert text in result.out


RECORDS = [
    RECORD,
    {**RECORD, "operation_detail": "Update User a@x.io  - User Role: from Member to Admin - Cost Center: set to 1"},
    {**RECORD, "time": None, "operation_detail": 'Add Group "Sales" 7'},
    {**RECORD, "event_type": "x", "action": "é" * 40, "operation_detail": 'Add Group "Finance & Co" 12'},
    {"operation_detail": "Add User b@x.io  - Department: " + "x" * 1024},
]


def test_coverage() -> None:
    result = run("--coverage", "--json", "-", stdin="\n".join(map(json.dumps, RECORDS)))
    assert result.status == 0
    document = json.loads(result.out)
    fields = {field["udm"]: field for field in document["fields"]}
    assert document["records"] == 5
    assert fields["metadata.vendor_name"]["share"] == 1
    assert fields["metadata.event_timestamp.seconds"] == {
        "udm": "metadata.event_timestamp.seconds",
        "records": 3,
        "share": 0.6,
        "from": {"time": 3},
    }
    assert fields["target.user.attribute.roles.name"]["from"] == {"Role Name": 0, "User Role": 1, "role": 1}
    assert fields["target.user.attribute.roles.name"]["records"] == 2
    assert fields["additional.fields.key"]["records"] == fields["additional.fields.value.string_value"]["records"] == 4
    assert fields["principal.user.email_addresses"]["records"] == 4
    assert fields["principal.user.userid"]["records"] == 0
    assert document["unsplit"] == [{"shape": "Add Group ‹text› ‹n›", "count": 2}]
    assert document["unmapped"] == [{"name": "Cost Center", "count": 1}]
    assert sorted(note.split(":")[0] for note in document["notes"]) == [
        "USER_UNCATEGORIZED without operator",
        "action over 64 bytes",
        "event_type that UDM does not have",
        "no usable time",
        "operation_detail over 1024 bytes",
    ]


def test_coverage_names_every_udm_field_of_the_table() -> None:
    result = run("--coverage", "-", COLUMNS="140")
    from .test_mapping import TABLE

    for udm in {row[1] for row in TABLE}:
        assert f"{udm} " in result.out


def test_coverage_for_people() -> None:
    stdin = "\n".join(map(json.dumps, RECORDS)) + f"\n{LINE}n{LINE}n\n"
    result = run("--coverage", "-", stdin=stdin, COLUMNS="140")
    lines = [" ".join(line.split()) for line in result.out.split("\n")]
    assert "UDM fields of 7 records" in lines
    assert "target.user.attribute.roles.name 4 57.1% Role Name 0, User Role 1, role 3" in lines
    assert "Add Group ‹text› ‹n› 2" in lines
    assert "Cost Center 1" in lines
    assert any(line.startswith("records glued on one line") and line.endswith(" 2") for line in lines)


def test_coverage_of_endless_shapes_is_bounded() -> None:
    words = [f"{a}{b}{c}" for a in "abcdefghijkl" for b in "abcdefghijkl" for c in "abcdefghijkl"]
    stdin = "\n".join(json.dumps({"operation_detail": f"Add Group {word}"}) for word in words)
    document = json.loads(run("--coverage", "--json", "-", stdin=stdin).out)
    assert len(document["unsplit"]) == 1000
    assert document["unsplit_others"] == len(words) - 1000
    shown = run("--coverage", "-", stdin=stdin).out.split("\n")
    assert [line.split() for line in shown if "others" in line] == [["others", str(len(words) - 20)]]
