"""The loop of the written guide's Lambda, reimplemented as the yardstick with the same behaviour.

At each run it reads the whole day in its state, moves to the next day when that is over, and starts with today without
a state. It writes each page as an object with a random name, one record at a time into a gzip stream of the default
level, separated by the letter n. It signs in at each run and opens a connection for each request.
"""

from __future__ import annotations

import gzip
import io
import json
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from urllib.request import Request

PREFIX = "zoom/operationlogs/"
STATE_KEY = PREFIX + "state.json"


@dataclass(frozen=True)
class Yardstick:
    """One account, one bucket; `open_url` sends a request and returns the answer's body."""

    oauth_url: str
    api_url: str
    account: str
    client: str
    secret: str
    open_url: Callable[[Request], bytes]
    read_state: Callable[[str], bytes]
    upload: Callable[[str, bytes], object]
    put_state: Callable[[str, bytes], object]
    page_size: int = 300

    def run(self, now: datetime) -> int:
        """Do one run; return how many lines it wrote."""
        access_token = self.sign_in()
        today = now.date().isoformat()
        day = self._day() or today
        written, page_token = 0, ""
        while True:
            page = self.page(access_token, day, page_token)
            if rows := page["operation_logs"]:
                self._write(rows, now)
                written += len(rows)
            if not (page_token := page["next_page_token"]):
                break
        next_day = str(date.fromisoformat(day) + timedelta(days=1)) if day < today else day
        state = {"cursor_date": next_day, "next_page_token": None, "updated_at": now.isoformat()}
        self.put_state(STATE_KEY, json.dumps(state).encode())
        return written

    def _day(self) -> str | None:
        try:
            state: dict[str, str] = json.loads(self.read_state(STATE_KEY))
        except Exception:  # any error in the state, as in the guide's code
            return None
        return state.get("cursor_date")

    def sign_in(self) -> str:
        """Return an access token."""
        basic = b64encode(f"{self.client}:{self.secret}".encode()).decode()
        form = urlencode({"grant_type": "account_credentials", "account_id": self.account})
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.open_url(Request(self.oauth_url, form.encode(), headers, method="POST"))
        return str(json.loads(answer)["access_token"])

    def page(self, access_token: str, day: str, page_token: str) -> dict:  # type: ignore[type-arg]
        """Return one page of a day."""
        query = {"from": day, "to": day, "page_size": str(self.page_size)}
        if page_token:
            query["next_page_token"] = page_token
        url = f"{self.api_url}/report/operationlogs?{urlencode(query)}"
        page: dict = json.loads(  # type: ignore[type-arg]
            self.open_url(Request(url, headers={"Authorization": f"Bearer {access_token}"}))
        )
        return page

    def _write(self, rows: list[dict[str, object]], now: datetime) -> None:
        body = io.BytesIO()
        with gzip.GzipFile(fileobj=body, mode="w") as stream:
            for row in rows:
                stream.write((json.dumps(row) + "n").encode())
        self.upload(f"{PREFIX}{now:%Y/%m/%d}/zoom-operationlogs-{uuid.uuid4()}.json.gz", body.getvalue())
