"""The stand-ins for Zoom and S3 in a separate process, so the measurement does not include them.

    python tests/bench/host.py '{"days": {"2026-03-10": 60000}, "latency": 0.05}'

prints their addresses as one line of JSON, and serves until its standard input ends. S3 is moto's server: real HTTP
with conditional writes, called by the real boto3.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any


def main(job: dict[str, Any]) -> None:
    """Fill the report and serve both."""
    from moto.server import ThreadedMotoServer
    from standins.clock import Clock
    from standins.zoom import Account, Zoom, ZoomServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    zoom = Zoom(Account(plan="business"), clock=Clock(datetime.now(UTC), ticking=True))
    zoom.rules.calls_per_day = 10**9  # the bench makes more calls in an hour than an account in a day
    for seed, (day, records) in enumerate(sorted(job["days"].items())):
        zoom.add_day(date.fromisoformat(day), records, seed=seed)
    zoom.count()  # due records become visible now, not at the first request
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    with ZoomServer(zoom, latency=job["latency"]) as server:
        account = zoom.account
        where = {
            "oauth_url": server.oauth_url,
            "api_url": server.api_url,
            "s3_url": f"http://{host}:{port}",
            "account": account.id,
            "client": account.client_id,
            "secret": account.client_secret,
        }
        print(json.dumps(where), flush=True)
        sys.stdin.read()
    s3.stop()


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    main(json.loads(sys.argv[1]))
