"""No text from outside controls the terminal or crashes a command, for every command and source."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any
from unicodedata import category

import commands
import pytest
from feed.deployments import body
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zoom_operationlogs.archive_object import encode
from zoom_operationlogs.records import line
from zoomlogs.errors import CommandError

from .hostile import (
    COMMANDS,
    FIELDS,
    PREFIX,
    TENANT,
    YESTERDAY,
    ZOOM,
    Enemy,
    Zoom,
    among,
    arguments,
    checkpoint,
    event,
    forged,
    outputs,
    record,
)
from .test_runs import ended, says

HOSTILE = "\x1b[2J\x9b31m\u202e\u200b\u2028\x07\ud800[/red]:secret:"
FEED = {"details": body(uri="s3://your-zoom-operation-logs/zoom/")["details"]}
GOOGLE: dict[str, Any] = {
    "logTypes": {"logTypes": [{"name": "a/ZOOM_OPERATION_LOGS", "lastIngestedTime": HOSTILE}]},
    "udmSearch": {"events": [{"udm": {"metadata": {"eventTimestamp": HOSTILE, "description": HOSTILE}}}]},
    "parsers": {"parsers": [{"name": f"a/{HOSTILE}", "type": HOSTILE, "state": "ACTIVE", "cbn": "x"}]},
    "runParser": {
        "runParserResults": [{"parsedEvents": {"events": [{"event": {"metadata": {HOSTILE: HOSTILE}, HOSTILE: [1]}}]}}]
    },
}
SEEN = "[/red]:secret:"
"""The end of it, which is no markup and no emoji here."""


def enemy() -> Enemy:
    """Put it into every text of every source."""
    key = f"{PREFIX}{YESTERDAY:%Y/%m/%d}/zoom-operationlogs-"
    return Enemy(
        events=[
            event(says("ERROR", HOSTILE, "a"), number=1),
            event({**ended("b"), "action": HOSTILE, "ended": False, "sentence": HOSTILE}, number=2),
            event(says("WARNING", HOSTILE, HOSTILE), number=3, seconds_ago=30),
            event({"errorMessage": HOSTILE, "errorType": HOSTILE, "requestId": "d"}, number=4),
        ],
        state=checkpoint(HOSTILE),
        run_fails=True,
        payload=json.dumps({"ok": False, "sentence": HOSTILE, "errorMessage": HOSTILE, "key": HOSTILE}).encode(),
        records={f"{key}1.json.gz": gzip.compress(b"n".join(json.dumps(record(HOSTILE)).encode() for _ in "ab"))},
        zoom=Zoom(json.dumps({"operation_logs": [record(f"{HOSTILE}{n}") for n in range(3)]}).encode()),
        refusal=(f"Denied{HOSTILE}", f"{HOSTILE}: kms"),
        who=HOSTILE,
        google=GOOGLE,
        feeds=[{"name": HOSTILE, "displayName": HOSTILE, "state": "FAILED", "failureMsg": HOSTILE, **FEED}],
        outputs=outputs(lambda name: name + HOSTILE),
    )


def forbidden(text: str) -> set[str]:
    """Return the hidden characters in an output, without Rich's own codes."""
    return {char for char in text if category(char) in ("Cf", "Cs", "Zl", "Zp", "Cc") and char not in "\n\r\x1b"}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["terminal", "dumb terminal", "pipe", "json in a pipe", "json on a terminal"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_outside_text_controls_the_terminal(command: str, place: str, tmp_path: Path) -> None:
    as_json = "json" in place
    environ = commands.neutral(COLUMNS="9999", TERM="dumb" if "dumb" in place else "xterm-256color")
    with among(enemy(), tmp_path) as file:
        ran = commands.zoomlogs(
            *arguments(command, file),
            *(["--json"] if as_json else []),
            environ=environ,
            stdin=json.dumps(ZOOM),
            screen="terminal" in place,
        )
    assert ran.status in (0, 1, 2), ran
    for text in (ran.out, ran.err):
        assert not forbidden(text), ran
        assert "\x1b[2J" not in text
    if "dumb" in place or place == "pipe" or as_json:
        assert "\x1b" not in ran.out
    if as_json and ran.out:
        strings = list(_strings(ran.json))
        assert not any("\N{REPLACEMENT CHARACTER}" in each for each in strings), "JSON keeps the data as it is"
    said = ran.out + ran.err
    assert "🤐" not in said and "㊙" not in said
    if "\N{REPLACEMENT CHARACTER}" in said:
        assert SEEN in said


SHOW_NONE = ("rights", "feed subject-id", "zoom-secret", "verify")  # its report and its JSON: below
SAY_IT = [name for name in COMMANDS if not name.startswith(SHOW_NONE)]


@pytest.mark.parametrize("command", SAY_IT)
def test_the_hostile_text_is_shown(command: str, tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    with among(enemy(), tmp_path) as file:
        ran = commands.zoomlogs(*arguments(command, file), environ=commands.neutral(), stdin=json.dumps(ZOOM))
    assert "\N{REPLACEMENT CHARACTER}" in ran.out + ran.err, ran


def _strings(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _strings(each)


TIMES = re.compile("ago|began|ended|since|saved|until|newest|seconds")


def _timeless(value: Any) -> Any:
    """Remove times and durations, which differ between two runs."""
    if isinstance(value, dict):
        return {
            name: _timeless(each)
            for name, each in value.items()
            if not re.search("ago|began|ended|since|saved|until|newest|seconds", name)
        }
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    return re.sub(r"\d+ seconds?|\d\d:\d\d(:\d\d)?", "", value) if isinstance(value, str) else value


def test_json_in_a_pipe_keeps_every_character(tmp_path: Path) -> None:
    with among(enemy(), tmp_path) as file:
        runs = commands.zoomlogs(*arguments("logs", file), "--json").json
        stored = commands.zoomlogs(*arguments("status", file), "--json").json
        found = commands.zoomlogs(*arguments("verify --from yesterday", file), "--json").json
        form = commands.zoomlogs(*arguments("feed show", file), "--json").json
    assert HOSTILE in {run["action"] for run in runs} and HOSTILE in {run["sentence"] for run in runs}
    assert stored["lease"]["owner"] == HOSTILE
    assert f"{HOSTILE}0" in {each["record"]["operator"] for each in found["differences"]}
    assert form["displayName"] == f"Zoom{HOSTILE}"


def test_the_report_of_verify_escapes_it(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = enemy()
    said.zoom = Zoom(
        json.dumps({"operation_logs": [record(f"{HOSTILE}</pre><script>alert(1)</script>&amp;")]}).encode()
    )
    with among(said, tmp_path) as file:
        ran = commands.zoomlogs(*arguments("verify --from yesterday", file), "--html", page)
    assert ran.status == 1
    text = page.read_text("utf-8")
    assert not forbidden(text) and "\x1b" not in text and "<script" not in text
    assert "\\u202e" in text and "&lt;script&gt;" in text and "&amp;amp;" in text


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_limited_encoding_ends_no_command(command: str, encoding: str, tmp_path: Path) -> None:
    """As on Windows, or with PYTHONIOENCODING. JSON has the same meaning in any encoding."""
    with among(enemy(), tmp_path) as file:
        words = arguments(command, file)
        ran = commands.zoomlogs(*words, stdin=json.dumps(ZOOM), encoding=encoding, screen=True)
        told = commands.zoomlogs(*words, "--json", stdin=json.dumps(ZOOM), encoding=encoding)
        wanted = commands.zoomlogs(*words, "--json", stdin=json.dumps(ZOOM))
    assert ran.status == told.status == wanted.status
    if told.out:
        assert _timeless(told.json) == _timeless(wanted.json)


@pytest.mark.parametrize("columns", ["50", "80", ""])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_narrow_terminal_cuts_nothing(command: str, columns: str, tmp_path: Path) -> None:
    """Rich marks a cut word with an ellipsis. Without COLUMNS, a pipe wraps nothing."""
    with among(Enemy(events=[event(ended("b", action="backfill"))]), tmp_path) as file:
        environ = commands.neutral(NO_COLOR="1", TERM="dumb", **({"COLUMNS": columns} if columns else {}))
        if not columns:
            del environ["COLUMNS"]
        words = arguments(command, file)
        ran = commands.zoomlogs(*words, stdin=json.dumps(ZOOM), environ=environ, screen=bool(columns))
    assert "\x1b" not in ran.out
    assert not [line for line in ran.out.splitlines() if "…" in line.replace("… ", "")], ran.out
    if columns and not command.startswith("rights"):
        tables = [line for line in ran.out.splitlines() if "  " in line.strip()]
        assert all(len(line) <= int(columns) for line in tables), ran.out


@pytest.mark.parametrize("variable", ["ZOOMLOGS_OUTPUTS", "ZOOMLOGS_INSTANCE", "AWS_PROFILE"])
@pytest.mark.parametrize("command", [name for name in COMMANDS if not name.startswith(("feed subject-id", "adopt"))])
def test_environment_values_are_shown_unchanged(command: str, variable: str, tmp_path: Path) -> None:
    """Python reads bytes that are not UTF-8 as lone surrogates."""
    hostile = HOSTILE.replace("\ud800", "\udcff")
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs()))
    environ = {**commands.neutral(ZOOMLOGS_OUTPUTS=str(file)), variable: hostile}
    words = arguments(command, file)
    words = words[: words.index("--outputs")]
    ran = commands.zoomlogs(*words, environ=environ, stdin=json.dumps(ZOOM), screen=True)
    assert ran.status in (0, 1, 2)
    assert not forbidden(ran.out + ran.err), ran
    assert "\x1b[2J" not in ran.out + ran.err


@pytest.mark.parametrize(
    "options",
    [
        *([], ["--table"], ["--coverage"], ["--coverage", "--json"]),
        *(["--tenant", *TENANT], ["--tenant", "--json", *TENANT]),
    ],
    ids=lambda options: " ".join(options[:2]),
)
@pytest.mark.parametrize("screen", [False, True], ids=["pipe", "terminal"])
def test_udm_of_hostile_records_and_names(options: list[str], screen: bool, tmp_path: Path) -> None:
    name = HOSTILE.replace("\ud800", "").replace("/", "")
    (tmp_path / name).write_text(f"{json.dumps(record(HOSTILE))}\n{HOSTILE[:5]}\n", "utf-8")
    environ = commands.neutral(COLUMNS="9999")
    with among(enemy(), tmp_path):
        ran = commands.zoomlogs("udm", *options, tmp_path / name, environ=environ, screen=screen)
    assert ran.status == 1
    assert not forbidden(ran.err) and "\x1b[2J" not in ran.out + ran.err
    if screen or options:
        assert not forbidden(ran.out), ran.out
    else:  # UTF-8 has no lone surrogates
        assert json.loads(ran.out)["metadata"]["productEventType"] == HOSTILE.replace(
            "\ud800", "\N{REPLACEMENT CHARACTER}"
        )


def test_googles_message_is_one_line(tmp_path: Path) -> None:
    said = Enemy(feeds=CommandError(f"Google says {HOSTILE}\nline 2", 1))
    with among(said, tmp_path) as file:
        for command in ("feed status", "feed apply --dry-run", "feed subject-id"):
            ran = commands.zoomlogs(*arguments(command, file))
            assert (ran.status, ran.err.count("\n")) == (1, 1)
            assert not forbidden(ran.err)


# Every answer ends a command with a sentence

text = st.text(st.characters(exclude_categories=[]), max_size=8) | st.sampled_from(["", "2026-03-10T12:00:00Z", "tail"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | text | st.sampled_from([10**400, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
RAW = st.sampled_from(
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 50_000,
        b'{"a":' * 5000,
        b"NaN",
        b"null",
        b'{"operation_logs": [{"time": 1e999}], "next_page_token": []}',
        b'{"a": 1, "a": {"a": 2}}',
        b"9" * 5000,
        gzip.compress(b"\0" * 1_000_000),
        gzip.compress(b'{"schema": 1e999}\n'),
        gzip.compress(b"{}")[:-3],
    ]
)


def answers(*names: str) -> Any:
    """Objects with the fields that a command reads and any values, or any bytes."""
    fields = st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))
    return st.one_of(fields.map(lambda made: json.dumps(made).encode()), values.map(json.dumps).map(str.encode), RAW)


a_few = settings(
    deadline=None,
    max_examples=6,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def meets(said: Enemy, folder: Path, *names: str) -> None:
    """Run commands; each must end with a status and sentences, never a Python error."""
    for name in names:
        with among(said, folder) as file:
            ran = commands.zoomlogs(*arguments(name, file), environ=commands.neutral(), stdin=said.secret)
        assert ran.status in (0, 1, 2), ran
        assert "Traceback" not in ran.out + ran.err
        assert "because zoomlogs failed: " not in ran.out, ran.out


LINE = ("seconds", "written", "owed", "ended", "ok", "message", "level", "correlation_id", "record", "type", "action")


@pytest.mark.slow
@a_few
@given(
    st.lists(answers(*LINE), max_size=4),
    st.lists(answers(*LINE).map(lambda made: b'{"correlation_id":"a",' + made[1:]), max_size=3),
)
def test_log_lines(tmp_path: Path, lines: list[bytes], ours: list[bytes]) -> None:
    events = [event(made.decode("latin-1"), number=number) for number, made in enumerate([*lines, *ours])]
    meets(Enemy(events=events), tmp_path, "logs", "logs --since 1h", "status", "run")


@a_few
@given(
    answers(
        "ok",
        "ended",
        "owed",
        "written",
        "objects",
        "pages",
        "not_before",
        "sentence",
        "errorMessage",
        "errorType",
        "waiting_for",
    )
)
def test_answers_of_the_function(tmp_path: Path, payload: bytes) -> None:
    meets(
        Enemy(payload=payload),
        tmp_path,
        "run",
        "reconcile",
        "backfill --from yesterday --to yesterday",
        "doctor --probe",
    )


lease = st.fixed_dictionaries({"owner": values, "until": values | st.just("2026-03-10T12:00:00+00:00")})
days = st.dictionaries(
    st.sampled_from(["2026-03-10", "x"]), values | answers("owed_since", "looks").map(repr), max_size=2
)
header = st.dictionaries(st.sampled_from(FIELDS), values | lease | days, min_size=1, max_size=3)


@pytest.mark.slow
@a_few
@given(RAW, header)
def test_checkpoints(tmp_path: Path, raw: bytes, changed: dict[str, Any]) -> None:
    for state in (raw, gzip.compress(raw), forged(changed)):
        meets(Enemy(state=state), tmp_path, "status", "run")
    meets(Enemy(state=forged(changed)), tmp_path, "verify --from yesterday")


@a_few
@given(
    answers("operation_logs", "next_page_token", "page_size", "code", "message"),
    st.sampled_from([200, 204, 301, 400, 401, 403, 404, 429, 500]),
)
def test_answers_of_zoom(tmp_path: Path, answer: bytes, status: int) -> None:
    said = Enemy(zoom=Zoom(answer, status, {"Content-Type": "application/json"}))
    meets(said, tmp_path, "verify --from yesterday", "zoom-secret put --file -")


@a_few
@given(st.lists(values, max_size=3), st.sampled_from(["gzip", "br", "deflate", ""]))
def test_rows_of_zoom(tmp_path: Path, rows: list[Any], encoding: str) -> None:
    page = json.dumps({"operation_logs": rows, "next_page_token": ""}).encode()
    said = Enemy(zoom=Zoom(page, 200, {"Content-Encoding": encoding, "X-RateLimit-Remaining": HOSTILE[:1] or "x"}))
    meets(said, tmp_path, "verify --from yesterday")


@pytest.mark.slow
@a_few
@given(answers("time", "operator", "action"))
def test_objects_of_the_archive(tmp_path: Path, content: bytes) -> None:
    folder = f"{PREFIX}{YESTERDAY:%Y/%m/%d}/"
    ours = encode([line(record("x"))])
    for stored in (content, gzip.compress(content), ours[: len(ours) // 2]):
        records = {f"{folder}zoom-operationlogs-{name}.json.gz": stored for name in ("20260310T120000Z-1-a", "x")}
        meets(Enemy(records=records), tmp_path, "verify --from yesterday")


@pytest.mark.slow
@a_few
@given(
    answers("account_id", "client_id", "client_secret", "access_key_id", "secret_access_key").map(
        lambda made: made.decode("latin-1")
    )
)
def test_secrets(tmp_path: Path, secret: str) -> None:
    meets(
        Enemy(secret=secret),
        tmp_path,
        "verify --from yesterday",
        "zoom-secret put --file -",
        "reader-key list",
        "reader-key rotate",
        "doctor --as-reader",
        "feed apply --dry-run",
    )


@pytest.mark.slow
@a_few
@given(st.sampled_from(sorted(outputs())), st.data())
def test_outputs(tmp_path: Path, name: str, data: Any) -> None:
    """Any output, or a field of it, is missing or of a wrong type."""
    made = outputs()
    field = data.draw(st.sampled_from([None, *made[name]]))
    value = data.draw(st.sampled_from(["gone"]) | values)
    within, key = (made, name) if field is None else (made[name], field)
    if value == "gone":
        del within[key]
    else:
        within[key] = value
    meets(Enemy(outputs=made), tmp_path, "status", "logs", "rights verify", "feed show", "reader-key list", "run")


@pytest.mark.slow
@a_few
@given(answers("zoom_operation_logs", "bucket", "function", "secret"))
def test_files_of_outputs(tmp_path: Path, content: bytes) -> None:
    meets(Enemy(outputs=content.decode("latin-1")), tmp_path, "status", "feed show")
