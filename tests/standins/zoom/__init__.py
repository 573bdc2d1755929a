"""The stand-in for Zoom: its sign-in and its reports, shared by the tests and the demo.

A model in memory answers requests (`Zoom`); two edges serve it: `ZoomAdapter` for a `requests.Session` in the same
process, and `ZoomServer` for anything that speaks HTTP. The faults are in `standins.zoom.faults`.

    clock = Clock(datetime(2025, 3, 12, 9, tzinfo=UTC))
    zoom = Zoom(Account(plan="business"), clock=clock, rules=Rules(lag=timedelta(minutes=5)))
    zoom.add_day(date(2025, 3, 12), 3000, seed=1, twins=0.01)   # later records appear as the clock moves
    zoom.add({"time": "2025-03-10T23:59:59Z", "action": "Late"}, visible_at=clock.now() + timedelta(hours=26))
    zoom.on_page = lambda page: zoom.add({"time": "2025-03-12T09:00:00Z", "action": f"Came after page {page}"})
    zoom.faults.next(faults.server_error(503), times=2)
    zoom.faults.at(5, faults.hang)

    session = requests.Session()
    session.mount("https://", ZoomAdapter(zoom, latency=0.2))   # in this process, by the clock
    with ZoomServer(zoom) as server:                            # or over a socket
        run_collector(server.oauth_url, server.api_url, zoom.account.client_id)

    assert archived == Counter(map(OPERATION_LOGS.fingerprint, zoom.records(date(2025, 3, 12), date(2025, 3, 12))))
    assert len(zoom.calls_to("report")) <= 160
"""

from . import faults
from .edges import ZoomAdapter, ZoomServer
from .messages import Delivery, Request, Response
from .model import Call, Rules, Zoom
from .oauth import Account
from .report import Report
from .samples import sample_records

__all__ = [
    "Account",
    "Call",
    "Delivery",
    "Report",
    "Request",
    "Response",
    "Rules",
    "Zoom",
    "ZoomAdapter",
    "ZoomServer",
    "faults",
    "sample_records",
]
