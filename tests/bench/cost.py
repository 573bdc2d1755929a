"""The monthly AWS bill, modelled from measured days; the prices are inputs, here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .days import POLLS, Day

DAYS_A_MONTH = 30.4
GB = 10**9


@dataclass(frozen=True)
class Prices:
    """US dollars, without free tier: AWS's list prices as noted in `as_of`, to be checked before use."""

    region: str = "us-east-1"
    as_of: str = "2025"
    lambda_gb_second: float = 0.0000166667  # x86
    lambda_request: float = 0.20 / 10**6
    s3_put_or_list: float = 0.005 / 1_000
    s3_get: float = 0.0004 / 1_000
    s3_gb_month: float = 0.023
    scheduler_invocation: float = 1.00 / 10**6
    secret_month: float = 0.40
    secret_call: float = 0.05 / 10_000
    log_gb: float = 0.50
    metric_month: float = 0.30
    alarm_metric_month: float = 0.10
    composite_alarm_month: float = 0.50
    dashboard_month: float = 3.00
    key_month: float = 1.00


@dataclass(frozen=True)
class Function:
    """How a function is set up, and what one run takes besides waiting for Zoom."""

    memory_mb: int
    cpu_per_record: float  # seconds of a whole CPU
    log_bytes: int  # of a run
    metrics: int
    secrets: int
    alarms: int = 0  # with a composite one, a dashboard and the topic's key where there are any
    timeout: float = 300.0


FULL_CPU_MB = 1_769  # with so much memory a function has one whole vCPU (Lambda Developer Guide, "memory")
ALARMS = 10  # of the module, each of one metric
S3_SECONDS = 0.03  # of a request to S3 from Lambda
PLATFORM_LOG_BYTES = 400  # the START, END and REPORT lines of a run
RECORDS_KEPT_DAYS = 365  # the bill of the twelfth month
CHECKPOINT_VERSIONS_KEPT_DAYS = 14  # as the module's lifecycle rule has it


@dataclass(frozen=True)
class Bill:
    """US dollars a month."""

    compute: float
    requests: float
    storage: float
    logs_and_metrics: float
    secret_and_schedule: float
    monitoring: float

    @property
    def total(self) -> float:
        """Return the sum."""
        return sum(float(getattr(self, part.name)) for part in fields(self))


def bill(day: Day, function: Function, prices: Prices) -> Bill:
    """Return the bill of a month of such days."""
    runs = POLLS * DAYS_A_MONTH
    seconds = min(run_seconds(day, function), function.timeout)
    writes = day.s3["put_object"] + day.s3["list_object_versions"] + day.s3["list_objects_v2"]
    kept = day.object_bytes * RECORDS_KEPT_DAYS + day.checkpoint_bytes * CHECKPOINT_VERSIONS_KEPT_DAYS
    return Bill(
        compute=runs * (seconds * function.memory_mb / 1024 * prices.lambda_gb_second + prices.lambda_request),
        requests=DAYS_A_MONTH * (writes * prices.s3_put_or_list + day.s3["get_object"] * prices.s3_get),
        storage=kept / GB * prices.s3_gb_month,
        logs_and_metrics=runs * (function.log_bytes + PLATFORM_LOG_BYTES) / GB * prices.log_gb
        + function.metrics * prices.metric_month,
        secret_and_schedule=function.secrets * (prices.secret_month + runs * prices.secret_call)
        + runs * prices.scheduler_invocation,
        monitoring=function.alarms * prices.alarm_metric_month
        + bool(function.alarms) * (prices.composite_alarm_month + prices.dashboard_month + prices.key_month),
    )


def run_seconds(day: Day, function: Function) -> float:
    """Return the mean time of a run: waiting for Zoom and S3, and the CPU of the rows read, at the function's share."""
    share = min(1.0, function.memory_mb / FULL_CPU_MB)
    cpu = day.rows * function.cpu_per_record / share
    return (day.seconds + day.s3.total() * S3_SECONDS + cpu) / POLLS


def ten_times(small: Day, large: Day) -> Day:
    """Return the day ten times as large as `large`, itself ten times `small`: every count grows linearly in records."""

    def grown(name: str) -> float:
        one, ten = float(getattr(small, name)), float(getattr(large, name))
        return ten + 10 * (ten - one)

    day = Day(10 * large.records)
    for name in ("report_calls", "rows", "written", "object_bytes", "checkpoint_bytes"):
        setattr(day, name, round(grown(name)))
    day.seconds, day.longest = grown("seconds"), grown("longest")
    for operation, ten in large.s3.items():
        day.s3[operation] = ten + 10 * (ten - small.s3[operation])
    return day
