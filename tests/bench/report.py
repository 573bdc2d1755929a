"""The table, as Markdown."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .cost import (
    DAYS_LOOKED_AT,
    LOADS_A_DAY,
    QUERIES,
    Bill,
    FreeTier,
    Function,
    Prices,
    bill,
    run_seconds,
    ten_times,
)
from .days import POLLS, ZOOM_SECONDS, Day
from .figures import Figure


@dataclass(frozen=True)
class Machine:
    """The machine and the date."""

    cpu: str
    cores: int
    python: str
    date: str


@dataclass(frozen=True)
class CostRow:
    """A month's bill for a number of records a day; `theirs` is None if the guide's runs exceed their timeout."""

    day: Day
    ours: Bill
    within_free_tier: Bill
    seconds: float
    theirs: Bill | None
    their_lines: int


def cost_rows(days: dict[int, tuple[Day, Day]], ours: Function, guide: Function, prices: Prices) -> list[CostRow]:
    """Return a row for each size, and one for ten times the largest."""
    larger = [ten_times(small, large) for small, large in zip(days[10_000], days[100_000], strict=True)]
    pairs = [days[1_000], days[10_000], days[100_000], (larger[0], larger[1])]
    rows = []
    for mine, theirs in pairs:
        # The last run of a day reads all of it: about twice the mean.
        cut_off = 2 * run_seconds(theirs, guide) > guide.timeout
        rows.append(
            CostRow(
                mine,
                bill(mine, ours, prices),
                bill(mine, ours, prices, FreeTier()),
                run_seconds(mine, ours),
                None if cut_off else bill(theirs, guide, prices),
                theirs.written,
            )
        )
    return rows


def cost_figures(costs: list[CostRow]) -> list[Figure]:
    """Return the figures of the bill of a small account."""
    small = costs[0]
    theirs = small.theirs.total if small.theirs else None
    name = f"AWS bill a month, {small.day.records:,} records a day"
    return [
        Figure(f"{name}, list price", small.ours.total, theirs, 8.0, " USD", digits=2, remark="modelled, see below"),
        Figure(f"{name}, within the free tier", small.within_free_tier.total, None, 2.0, " USD", digits=2),
    ]


def shown(value: float, figure: Figure) -> str:
    """Return a value in the figure's format."""
    return f"{value:,.{figure.digits}f}{figure.unit}"


def document(
    figures: list[Figure],
    costs: list[CostRow],
    ours: Function,
    guide: Function,
    prices: Prices,
    machine: Machine,
    *,
    quick: bool,
) -> str:
    """Return the whole page."""
    notice = "**Made with `--quick`: sizes of a 300th, which the limits are not meant for.**\n\n" if quick else ""
    table = "\n".join(
        f"| {figure.name} | {shown(figure.ours, figure)} "
        f"| {'–' if figure.yardstick is None else shown(figure.yardstick, figure)} "
        f"| ≤\N{NO-BREAK SPACE}{shown(figure.limit, figure)} | {'yes' if figure.met else '**no**'} | {figure.remark} |"
        for figure in figures
    )
    return f"""# What the collector costs

For anyone who plans for this module's speed, memory or bill, or compares it with the
[guide's loop](glossary.md#the-guide). After this page you know what was measured, how, and what AWS charges.

{notice}Written by `make bench` on {machine.date}: {machine.cpu}, {machine.cores} cores, Python {machine.python}.

![Each figure as a share of its limit](bench.svg)

| figure | collector | guide's loop | limit | met | remarks |
|---|---:|---:|---:|---|---|
{table}

How it is measured:

- The guide's loop is rewritten as the yardstick (`tests/bench/yardstick.py`) and runs in the same world: it reads all
  of today every 15 minutes, and writes each page as its own object.
- Lines, report calls and S3 requests are counted over one day of {POLLS} polls, from midnight to midnight, with S3 and
  Zoom in memory and a simulated clock, on which Zoom answers in {ZOOM_SECONDS} s. The days before are as full, and the
  collector has run for a day. An idle poll directly follows another. The records are spread as in an office day; an
  even day gives the guide's loop 49 lines per record.
- A first run starts at noon without a checkpoint or an object; its calls count until no date of the window is owed. In
  the small one all days of the window are full; in the large one a single day is too long for one run.
- Wall time, CPU and memory are those of a separate process that runs the real handler (or the loop) with the real boto3
  and requests over loopback sockets, without TLS. The stand-ins for Zoom and S3 run in another process. CPU excludes
  the imports; peak memory includes them.
- Wall time and CPU are the fastest of the repetitions, with the collector and the loop taking turns.
- Imports are compared by CPU, each in a fresh process as at a cold start of Lambda, from the unpacked package in a
  read-only folder, so no bytecode is cached. boto3 is part of the runtime and has its bytecode.

## Monthly AWS bill, modelled

In US dollars, for the twelfth month, {prices.region}. The columns and *in all* are at list price; *free tier* is the
sum within AWS's always-free tier.

| records a day | compute | calls | storage | logs, metrics | secret | alarms | **in all** | **free tier** |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{_bills(costs)}

The guide's loop, at list price:

{_loop(costs)}

- A million extrapolates linearly from the two sizes before it. A run takes {costs[-1].seconds:,.0f} s there on
  average, and {costs[0].seconds:.1f} s at a thousand a day. "–": the loop's later runs of the day need more than their
  {guide.timeout:.0f} s, and never read the rest.
- The collector has {ours.memory_mb} MB and a corresponding share of a CPU, the guide's function Lambda's default of
  {guide.memory_mb} MB. The CPU measured on this machine's core counts as one vCPU.
- Storage: a year of records, and the replaced checkpoints, which the lifecycle rule keeps for 14 days. The generated
  records may compress better than real ones.
- Free tier, each month, whatever the account's age: {FreeTier.gb_seconds:,} GB-seconds and {FreeTier.requests:,}
  requests of Lambda; {FreeTier.metrics} custom metrics, {FreeTier.alarm_metrics} alarm metrics, {FreeTier.dashboards}
  dashboards and {FreeTier.log_gb:.0f} GB of logs in CloudWatch; {FreeTier.invocations:,} invocations of EventBridge
  Scheduler. It is per account, so it covers one module block if nothing else uses it. The topic's key, the composite
  alarm, the secret and S3 remain.
- Metrics: {ours.metrics} custom metrics at {prices.metric_month:.2f}, as if each were sent in every hour; most are.
- Logs: what a run writes, and what the dashboard's {QUERIES} Logs Insights queries scan, if it is open for an hour a
  day, renewed every minute ({LOADS_A_DAY} loads), and shows {DAYS_LOOKED_AT} day.
- Secret: includes the schedule's invocations.
- Alarms: {ours.alarms}, a composite one, a dashboard, and the topic's key, which `kms_key` or `monitoring.topic_arns`
  saves. `monitoring = {{ enabled = false }}` saves all of these but the metrics.
- Not included: your own KMS key, the feed's reads, and what the SIEM charges per line, which is usually the most.

The prices are inputs (`tests/bench/cost.py`) from {prices.as_of}; check them against AWS's price list:

| price | US dollars |
|---|---:|
{_prices(prices)}
"""


def _bills(costs: list[CostRow]) -> str:
    return "\n".join(
        f"| {row.day.records:,} | {row.ours.compute:.2f} | {row.ours.requests:.2f} | {row.ours.storage:.2f} "
        f"| {row.ours.logs_and_metrics:.2f} | {row.ours.secret_and_schedule:.2f} "
        f"| {row.ours.monitoring:.2f} | **{row.ours.total:.2f}** | **{row.within_free_tier.total:.2f}** |"
        for row in costs
    )


def _loop(costs: list[CostRow]) -> str:
    rows = {
        "records a day": [f"{row.day.records:,}" for row in costs],
        "in all": ["–" if row.theirs is None else f"{row.theirs.total:.2f}" for row in costs],
        "lines written": [f"{row.their_lines:,}" for row in costs],
    }
    head, *others = (f"| {title} | {' | '.join(cells)} |" for title, cells in rows.items())
    return "\n".join([head, "|---|" + "---:|" * len(costs), *others])


def _prices(prices: Prices) -> str:
    return "\n".join(
        f"| {name.replace('_', ' ')} | {value:.10f} |".replace("000000 |", " |")
        for name, value in asdict(prices).items()
        if isinstance(value, float)
    )
