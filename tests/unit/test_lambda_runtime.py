"""The stand-in for Lambda: the deployed zip, its settings, its clock, and how it ends."""

from __future__ import annotations

import importlib.util
import io
import json
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zoom_operationlogs
from standins.aws import AwsStandIn
from standins.lambda_runtime import LambdaRuntime, period_seconds, scheduled_target

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/collector"
NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
A_WHILE = timedelta(hours=1)  # even on a busy machine

HANDLER = """
import json, logging, os, sys, time
from datetime import datetime, timezone
IMPORTED = time.time()
calls = 0

def lambda_handler(event, context):
    global calls
    calls += 1
    do = event.get("do")
    if do == "raise":
        raise ValueError("a clear sentence")
    if do == "exit":
        os._exit(3)
    if do == "sleep":
        print("sleeping", flush=True)
        time.sleep(event["seconds"])
    if do == "log":
        print("printed")
        print("to stderr", file=sys.stderr)
        logging.getLogger().warning("warned")
    if do == "import":
        return getattr(__import__(event["module"]), "__file__", None)
    if do == "s3":
        import boto3
        return [b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]]
    return {
        "event": event, "calls": calls, "file": __file__, "env": dict(os.environ), "cwd": os.getcwd(),
        "remaining": context.get_remaining_time_in_millis(), "time": time.time(), "imported": IMPORTED,
        "date": datetime.now(timezone.utc).isoformat(), "monotonic": time.monotonic(),
        "context": [context.function_name, context.memory_limit_in_mb, context.aws_request_id,
                    context.invoked_function_arn, context.log_group_name],
    }
"""


@pytest.fixture(scope="module")
def aws(aws: AwsStandIn) -> AwsStandIn:
    aws.client("iam").create_role(RoleName="collector", AssumeRolePolicyDocument="{}")
    return aws


@pytest.fixture(scope="module")
def package(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deploy a package with the collector's name and a handler that returns what it sees."""
    return deploy(aws, tmp_path_factory.mktemp("zip"), "collector", HANDLER)


def deploy(aws: AwsStandIn, folder: Path, name: str, handler: str, **settings: Any) -> Path:
    file = folder / f"{name}.zip"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("zoom_operationlogs/__init__.py", "")
        archive.writestr("zoom_operationlogs/handler.py", handler)
    file.write_bytes(buffer.getvalue())
    aws.register_package(file)
    aws.client("lambda").create_function(
        **{
            "FunctionName": name,
            "Role": ROLE,
            "Runtime": "python3.13",
            "Handler": "zoom_operationlogs.handler.lambda_handler",
            "Code": {"ZipFile": buffer.getvalue()},
            "Timeout": 30,
            "MemorySize": 256,
            "Environment": {"Variables": {"S3_PREFIX": "zoom/", "AWS_REGION": "ignored"}},
            "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/own/group"},
            **settings,
        }
    )
    return file


clients = [
    pytest.param(True, marks=pytest.mark.skipif(not importlib.util.find_spec("awslambdaric"), reason="Linux only")),
    False,
]


@pytest.fixture(scope="module", params=clients, ids=["awslambdaric", "loop"])
def hasty(
    aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[LambdaRuntime]:
    """A function like `runtime`'s, with a timeout that a test can wait for."""
    name = "hasty" if request.param else "hasty-loop"
    package = deploy(aws, tmp_path_factory.mktemp("zip"), name, HANDLER, Timeout=2)
    with LambdaRuntime(aws, name, package, awslambdaric=request.param) as one:
        yield one


@pytest.fixture(scope="module", params=clients, ids=["awslambdaric", "loop"])
def runtime(aws: AwsStandIn, package: Path, request: pytest.FixtureRequest) -> Iterator[LambdaRuntime]:
    with LambdaRuntime(aws, "collector", package, awslambdaric=request.param) as one:
        yield one


def test_the_deployed_code_runs_not_the_checkouts(runtime: LambdaRuntime) -> None:
    invocation = runtime.invoke({"a": 1})
    assert invocation.ok, invocation.error
    assert invocation.result["event"] == {"a": 1}
    assert Path(invocation.result["file"]) == runtime.task_root / "zoom_operationlogs" / "handler.py"
    assert Path(str(zoom_operationlogs.__file__)).parent != runtime.task_root / "zoom_operationlogs"
    assert invocation.result["cwd"] == str(runtime.task_root)


@pytest.mark.parametrize("module", ["requests", "zoomlogs", "tenacity", "pytest"])
def test_a_module_that_the_package_lacks_is_missing(runtime: LambdaRuntime, module: str) -> None:
    error = runtime.invoke({"do": "import", "module": module}).error
    assert error["errorType"] == "ModuleNotFoundError"
    assert error["errorMessage"] == f"No module named '{module}'"


def test_boto3_comes_with_the_runtime_and_reaches_the_standin(aws: AwsStandIn, runtime: LambdaRuntime) -> None:
    aws.client("s3").create_bucket(Bucket="seen-from-lambda")
    invocation = runtime.invoke({"do": "s3"})
    assert invocation.result == ["seen-from-lambda"], invocation.error


def test_the_environment_has_only_the_functions_and_aws_variables(
    aws: AwsStandIn, runtime: LambdaRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "ZOOM_CLIENT_SECRET", "HTTPS_PROXY", "PYTHONSTARTUP", "TF_VAR_x"):
        monkeypatch.setenv(name, "of the developer")
    runtime.kill()
    env = runtime.invoke({}).result["env"]
    assert "of the developer" not in env.values()
    expected = {
        "S3_PREFIX": "zoom/",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_LAMBDA_FUNCTION_NAME": "collector",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "WARN",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/own/group",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LAMBDA_TASK_ROOT": str(runtime.task_root),
        "_HANDLER": "zoom_operationlogs.handler.lambda_handler",
        "TZ": ":UTC",
    }
    assert {name: env.get(name) for name in expected} == expected


def test_the_context_is_filled(runtime: LambdaRuntime) -> None:
    invocation = runtime.invoke({})
    name, memory, request_id, arn, group = invocation.result["context"]
    assert (name, memory, request_id, group) == ("collector", "256", invocation.request_id, "/own/group")
    assert arn == "arn:aws:lambda:us-east-1:123456789012:function:collector"


def test_a_warm_process_is_reused(runtime: LambdaRuntime) -> None:
    runtime.kill()
    invocations = [runtime.invoke("{}") for _ in range(3)]
    assert [one.cold for one in invocations] == [True, False, False]
    assert [one.result["calls"] for one in invocations] == [1, 2, 3]


def test_an_error_of_the_handler_is_reported_and_the_process_stays_warm(runtime: LambdaRuntime) -> None:
    runtime.invoke({})
    failed, after = runtime.invoke({"do": "raise"}), runtime.invoke({})
    assert (failed.ok, failed.result, failed.timed_out) == (False, None, False)
    assert (failed.error["errorType"], failed.error["errorMessage"]) == ("ValueError", "a clear sentence")
    assert any("a clear sentence" in line for line in failed.logs)
    assert not after.cold


def test_logs_belong_to_the_invocation_that_wrote_them(runtime: LambdaRuntime) -> None:
    runtime.invoke({})
    loud, quiet = runtime.invoke({"do": "log"}), runtime.invoke({})
    for words in ("printed", "to stderr", "warned"):
        assert any(words in line for line in loud.logs), loud.logs
    assert quiet.logs == []


def test_a_timeout_kills_the_process_as_aws_does(hasty: LambdaRuntime) -> None:
    hasty.invoke({})
    late, after = hasty.invoke({"do": "sleep", "seconds": 60}), hasty.invoke({})
    assert (late.ok, late.timed_out) == (False, True)
    assert late.error["errorType"] == "Sandbox.Timedout"
    assert late.error["errorMessage"].endswith("Error: Task timed out after 2.00 seconds")
    assert late.duration_s > 1.9
    assert late.logs == ["sleeping"]
    assert after.ok
    assert after.cold


def test_a_process_that_dies_is_an_exit_error_and_the_next_is_cold(runtime: LambdaRuntime) -> None:
    dead, after = runtime.invoke({"do": "exit"}), runtime.invoke({})
    assert dead.error["errorType"] == "Runtime.ExitError"
    assert dead.error["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert (after.ok, after.cold) == (True, True)


def test_a_crash_on_demand(runtime: LambdaRuntime) -> None:
    runtime.invoke({})
    crashed = runtime.invoke({"do": "sleep", "seconds": 3600}, kill_after=0.2)
    assert crashed.error["errorMessage"].endswith("Runtime exited with error: signal: SIGKILL")
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert runtime.invoke({}, kill_after=120).ok
    left = {thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)} - {*timers}
    for timer in left:
        timer.join()  # it was cancelled: otherwise it kills the process after two minutes
    assert not runtime.invoke({}).cold


def test_kill_from_another_thread_ends_the_invocation(runtime: LambdaRuntime) -> None:
    runtime.invoke({})
    threading.Timer(0.2, runtime.kill).start()
    crashed = runtime.invoke({"do": "sleep", "seconds": 60})
    assert crashed.error["errorType"] == "Runtime.ExitError"
    assert runtime.invoke({}).ok


# --- the clock -------------------------------------------------------------------------------------------------------


def test_without_now_the_clock_is_the_machines(runtime: LambdaRuntime) -> None:
    before = time.time()
    result = runtime.invoke({}).result
    assert before <= result["time"] <= time.time()
    assert 0 < result["remaining"] <= 30_000


def test_with_now_the_sandbox_has_that_time_from_its_import_on(runtime: LambdaRuntime) -> None:
    runtime.kill()
    result = runtime.invoke({}, now=NOON).result
    assert timedelta(0) <= datetime.fromisoformat(result["date"]) - NOON < A_WHILE
    assert 0 <= result["imported"] - NOON.timestamp() < A_WHILE.total_seconds()
    assert 0 < result["remaining"] <= 30_000


def test_the_clock_moves_with_each_invocation_in_a_warm_process_and_ticks(runtime: LambdaRuntime) -> None:
    runtime.invoke({}, now=NOON)
    later = NOON + timedelta(days=3, milliseconds=250)
    result = runtime.invoke({"do": "sleep", "seconds": 0.5}, now=later)
    assert not result.cold
    assert 0.5 <= result.result["time"] - later.timestamp() < A_WHILE.total_seconds()
    assert 0 < result.result["remaining"] <= 29_500
    earlier = runtime.invoke({}, now=NOON - timedelta(days=400)).result
    assert abs(earlier["time"] - (NOON - timedelta(days=400)).timestamp()) < A_WHILE.total_seconds()


def test_timeouts_use_real_time(hasty: LambdaRuntime) -> None:
    assert hasty.invoke({"do": "sleep", "seconds": 3600}, now=NOON).timed_out


def test_going_back_to_real_time_starts_a_process_with_an_untouched_clock(runtime: LambdaRuntime) -> None:
    runtime.invoke({}, now=NOON)
    real = runtime.invoke({})
    assert real.cold
    assert abs(real.result["time"] - time.time()) < A_WHILE.total_seconds()
    assert runtime.invoke({"do": "import", "module": "sys"}).ok


# --- starting, ending, and what is deployed --------------------------------------------------------------------------


def test_a_handler_that_cannot_be_imported_says_why(aws: AwsStandIn, tmp_path: Path) -> None:
    file = deploy(aws, tmp_path, "broken", "import no_such_module")
    for client in [True, False] if importlib.util.find_spec("awslambdaric") else [False]:
        with LambdaRuntime(aws, "broken", file, awslambdaric=client) as runtime:
            broken = runtime.invoke({})
            assert not broken.ok
            assert broken.error["errorType"] == "Runtime.ImportModuleError"
            assert "no_such_module" in broken.error["errorMessage"]
            assert runtime.invoke({}, now=NOON).cold


def test_text_logs_and_defaults(aws: AwsStandIn, tmp_path: Path) -> None:
    file = deploy(aws, tmp_path, "plain", HANDLER, LoggingConfig={}, Environment={})
    with LambdaRuntime(aws, "plain", file) as runtime:
        env = runtime.invoke({}).result["env"]
        assert (env["AWS_LAMBDA_LOG_FORMAT"], env["AWS_LAMBDA_LOG_GROUP_NAME"]) == ("TEXT", "/aws/lambda/plain")
        assert "AWS_LAMBDA_LOG_LEVEL" not in env
        assert any("[WARNING]" in line for line in runtime.invoke({"do": "log"}).logs)


def test_a_package_that_is_not_the_deployed_one_is_refused(aws: AwsStandIn, package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(package.read_bytes() + b"x")
    with pytest.raises(ValueError, match=r"is not the package of collector: apply again"):
        LambdaRuntime(aws, "collector", other)


def test_other_credentials_can_be_given(aws: AwsStandIn, package: Path) -> None:
    credentials = aws.credentials() | {"AWS_ACCESS_KEY_ID": "role", "AWS_SESSION_TOKEN": "token"}
    with LambdaRuntime(aws, "collector", package, credentials=credentials) as runtime:
        env = runtime.invoke({}).result["env"]
    assert (env["AWS_ACCESS_KEY_ID"], env["AWS_SESSION_TOKEN"]) == ("role", "token")


def test_nothing_is_left_of_a_runtime(aws: AwsStandIn, package: Path) -> None:
    with LambdaRuntime(aws, "collector", package) as runtime:
        runtime.invoke({})
        assert runtime._sandbox is not None
        process = runtime._sandbox._process
    assert process.poll() is not None
    assert not runtime.task_root.exists()


def test_the_kind_says_what_runs_the_package(runtime: LambdaRuntime) -> None:
    words = "AWS's own runtime interface client" if runtime._awslambdaric else "a small Python loop"
    assert words in runtime.kind


def test_the_schedules_target_is_read_as_deployed(aws: AwsStandIn) -> None:
    scheduler = aws.client("scheduler")
    target = {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:collector", "RoleArn": ROLE}
    common = {"FlexibleTimeWindow": {"Mode": "OFF"}}
    payload = json.dumps({"action": "reconcile"})
    scheduler.create_schedule(
        Name="quarter", ScheduleExpression="rate(15 minutes)", Target={**target, "Input": payload}, **common
    )
    scheduler.create_schedule(
        Name="night", ScheduleExpression="cron(0 3 * * ? *)", Target=target, State="DISABLED", **common
    )
    quarter, night = scheduled_target(aws, "quarter"), scheduled_target(aws, "night")
    assert (quarter.function_name, quarter.payload, quarter.period_s) == ("collector", payload, 900)
    assert (quarter.expression, quarter.enabled) == ("rate(15 minutes)", True)
    assert (night.payload, night.period_s, night.enabled) == ("{}", None, False)


def test_periods() -> None:
    expressions = ("rate(1 minute)", "rate(2 hours)", "rate(1 day)", "at(2030-01-01T00:00:00)")
    assert [period_seconds(one) for one in expressions] == [60, 7200, 86400, None]
