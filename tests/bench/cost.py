"""The monthly AWS bill, modelled from measured days; all prices are inputs in this file."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .days import POLLS, Day

DAYS_A_MONTH = 30.4
GB = 10**9


@dataclass(frozen=True)
class Prices:
    """US dollars, without free tier: AWS's list prices of `as_of`; check them before use."""

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
    insights_gb: float = 0.005  # scanned by a query of Logs Insights
    metric_month: float = 0.30
    alarm_metric_month: float = 0.10
    composite_alarm_month: float = 0.50
    dashboard_month: float = 3.00
    key_month: float = 1.00


@dataclass(frozen=True)
class FreeTier:
    """The monthly free tier of every account, new or old (AWS Free Tier, "Always free"; CloudWatch pricing).

    Composite alarms, S3, Secrets Manager and KMS keys have none.
    """

    gb_seconds: float = 400_000
    requests: float = 10**6
    invocations: float = 14 * 10**6
    log_gb: float = 5.0  # ingested, stored, and scanned by Logs Insights
    metrics: int = 10
    alarm_metrics: int = 10
    dashboards: int = 3


LIST_PRICE = FreeTier(0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Function:
    """A function's configuration, and the cost of one run in addition to waiting for Zoom."""

    memory_mb: int
    cpu_per_record: float  # seconds of a whole CPU
    log_bytes: int  # of a run
    metrics: int
    secrets: int
    alarms: int = 0  # with a composite alarm, a dashboard and the topic's key, if any
    timeout: float = 300.0


FULL_CPU_MB = 1_769  # with this much memory a function has one full vCPU (Lambda Developer Guide, "memory")
ALARMS = 8  # of the module, each of one metric; and a composite one
QUERIES = 10  # of the dashboard, over the log
LOADS_A_DAY = 60  # of the dashboard: open for an hour, refreshed every minute
DAYS_LOOKED_AT = 1  # by each query
S3_SECONDS = 0.03  # of a request to S3 from Lambda
PLATFORM_LOG_BYTES = 400  # the START, END and REPORT lines of a run
RECORDS_KEPT_DAYS = 365  # the bill of the twelfth month
CHECKPOINT_VERSIONS_KEPT_DAYS = 14  # as in the module's lifecycle rule


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


def bill(day: Day, function: Function, prices: Prices, free: FreeTier = LIST_PRICE) -> Bill:
    """Return the bill of a month of such days, less the free tier."""
    runs = POLLS * DAYS_A_MONTH
    seconds = min(run_seconds(day, function), function.timeout)
    writes = day.s3["put_object"] + day.s3["list_object_versions"] + day.s3["list_objects_v2"]
    kept = day.object_bytes * RECORDS_KEPT_DAYS + day.checkpoint_bytes * CHECKPOINT_VERSIONS_KEPT_DAYS
    log_gb = runs * (function.log_bytes + PLATFORM_LOG_BYTES) / GB
    # Each query of the dashboard scans the log of its days.
    looked_at = QUERIES * LOADS_A_DAY * DAYS_LOOKED_AT if function.alarms else 0
    scanned_gb = log_gb * looked_at
    free_logs = min(free.log_gb, log_gb)
    return Bill(
        compute=_beyond(runs * seconds * function.memory_mb / 1024, free.gb_seconds) * prices.lambda_gb_second
        + _beyond(runs, free.requests) * prices.lambda_request,
        requests=DAYS_A_MONTH * (writes * prices.s3_put_or_list + day.s3["get_object"] * prices.s3_get),
        storage=kept / GB * prices.s3_gb_month,
        logs_and_metrics=(log_gb - free_logs) * prices.log_gb
        + _beyond(scanned_gb, free.log_gb - free_logs) * prices.insights_gb
        + _beyond(function.metrics, free.metrics) * prices.metric_month,
        secret_and_schedule=function.secrets * (prices.secret_month + runs * prices.secret_call)
        + _beyond(runs, free.invocations) * prices.scheduler_invocation,
        monitoring=_beyond(function.alarms, free.alarm_metrics) * prices.alarm_metric_month
        + bool(function.alarms)
        * (prices.composite_alarm_month + _beyond(1, free.dashboards) * prices.dashboard_month + prices.key_month),
    )


def _beyond(used: float, free: float) -> float:
    return max(0.0, used - free)


def run_seconds(day: Day, function: Function) -> float:
    """Return a run's mean time: waiting for Zoom and S3, and the CPU for the read rows, at the function's share."""
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
