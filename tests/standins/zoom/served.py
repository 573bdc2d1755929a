"""The reports that the stand-in serves, each with its own scope, list of rows and records.

Facts of `GET /report/operationlogs`: see `model`. Facts of `GET /report/activities` ("Get sign In / sign out activity
report", `reportSignInSignOutActivities`), and where they are from:

- parameters `from`, `to`, `page_size` (30, at most 300) and `next_page_token`; an answer has `from`, `to`, `page_size`,
  `next_page_token` and `activity_logs`; `from` and `to` are optional here, the collector sends them always (Zoom's
  schema, as generated clients have it: `oxidecomputer/third-party-api-clients`, `zoom.github.io/rivet-javascript`);
- a record has `email`, `time`, `type` ("Sign in" or "Sign out"), `ip_address`, `client_type` and `version`, all
  strings and all optional; no id (the same; Databricks, "Zoom Logs connector reference", which adds an id of its own);
- dates only, at most a month a request, six months kept, newest first (`elastic/integrations`, packages/zoom, data
  stream `activity`, whose test data also has records without address, client and version;
  `rapid7/insightconnect-plugins`, which collects this report in production);
- a page token that has expired is refused with "The next page token is invalid or expired." (`rapid7`, its tests);
- scope `report:read:user_activities:admin`, formerly `report:read:admin` (Databricks; AWS AppFabric, "Configure Zoom");
- the role of the app's owner needs Usage reports: View and Sign In/Sign Out: View, the plan is Pro or higher
  (Databricks, "Configure authentication to Zoom"; Zoom's schema);
- rate limit label Heavy, as for the operation logs: the limits are counted together (Zoom's schema; Zoom, Rate limits).

Not known: the time zone of its days, how late a record may appear, whether a sign-in that was refused is shown. The
stand-in uses the same as for the operation logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import samples, sign_ins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from .samples import Record

CLASSIC_SCOPE = "report:read:admin"


@dataclass(frozen=True)
class Served:
    """A report: its list of rows, the scope that it needs, and its sample records of a day.

    `categories` says that a request can select one category.
    """

    rows: str
    scope: str
    sample_records: Callable[[date, int, int, float], Iterator[Record]]
    categories: bool = False


def _operation_logs(day: date, count: int, seed: int, twins: float) -> Iterator[Record]:
    return samples.sample_records(day, count, seed=seed, twins=twins)


def _sign_ins(day: date, count: int, seed: int, twins: float) -> Iterator[Record]:
    return samples.with_twins(day, count, seed, twins, lambda alone: sign_ins.made(day, alone, seed))


SERVED = {
    "operationlogs": Served("operation_logs", "report:read:operation_logs:admin", _operation_logs, categories=True),
    "activities": Served("activity_logs", "report:read:user_activities:admin", _sign_ins),
}
PATH = "/v2/report/"


def report_at(path: str) -> str:
    """Return the name of the report at a path, "" if none is served there."""
    name = path.removeprefix(PATH)
    return name if path.startswith(PATH) and name in SERVED else ""
