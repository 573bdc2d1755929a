"""A real browser, headless: Chromium or Chrome by its command line."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
ELSEWHERE = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--enable-logging=stderr", "--v=0"),
)
SCHEMES = {"dark": 0, "light": 1}

# Measures a page in a frame as wide as is asked for, and writes what it found into the document.
PROBE = """<!DOCTYPE html><meta charset="utf-8"><iframe width="%(width)s" height="2000" src="%(page)s"></iframe><script>
const luminance = colour => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
window.onload = () => {
  const view = document.querySelector("iframe").contentWindow, page = view.document;
  const background = element => {
    for (; element; element = element.parentElement) {
      const colour = view.getComputedStyle(element).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...page.body.querySelectorAll("*")].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && element.getClientRects().length);
  const found = {
    title: page.title,
    width: page.documentElement.scrollWidth,
    room: page.documentElement.clientWidth,
    cells: page.querySelectorAll("td.day").length,
    rows: page.querySelectorAll("tr.of-day").length,
    months: page.querySelectorAll("table.month").length,
    records: page.querySelectorAll("pre").length,
    scripts: page.scripts.length,
    loaded: view.performance.getEntriesByType("resource").map(entry => entry.name),
    dangling: [...page.links].filter(link => !page.getElementById(link.hash.slice(1))).length,
    background: view.getComputedStyle(page.body).backgroundColor,
    texts: texts.length,
    faint: texts.map(element => [contrast(view.getComputedStyle(element).color, background(element)),
      element.className || element.parentElement.className, element.textContent.slice(0, 30)])
      .filter(([ratio]) => ratio < 4.5).slice(0, 5),
    scrolled: [...page.querySelectorAll(".scroll")].filter(part => part.scrollWidth > part.clientWidth).length,
    cut: [...page.querySelectorAll(".day a, .totals div")]
      .filter(box => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)
      .map(box => box.textContent),
  };
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>"""


def find() -> str:
    """Return the browser's path; skip the test where there is none, but not in CI, which installs one."""
    for name in (*NAMES, *ELSEWHERE):
        if path := shutil.which(name):
            return path
    if os.environ.get("CI") == "true":
        pytest.fail("There is no Chromium or Chrome, which CI has to have; on Debian .ci/run installs it.")
    pytest.skip("no Chromium or Chrome on this machine: install one, such as Debian's package chromium")


@dataclass
class Browser:
    """Runs the browser on pages of a folder, served on the loopback."""

    path: str
    folder: Path
    address: str
    requests: list[str]
    console: list[str] = field(default_factory=list)

    def measure(self, page: str, width: int, scheme: str = "light") -> dict[str, Any]:
        """Return what the probe finds of the page in a frame of that width."""
        (self.folder / "probe.html").write_text(PROBE % {"width": width, "page": page}, "utf-8")
        out = self._run(scheme, "--window-size=1300,1200", "--virtual-time-budget=10000", "--dump-dom", "probe.html")
        match = re.search(r'<pre id="found">(.*?)</pre>', out, re.DOTALL)
        assert match, out[:2000]
        found: dict[str, Any] = json.loads(unescape(match[1]))
        return found

    def screenshot(self, page: str, file: Path, width: int, height: int, scheme: str = "light") -> None:
        """Write a picture of the page as a window of that size shows it."""
        self._run(scheme, f"--window-size={width},{height}", f"--screenshot={file}", page)

    def _run(self, scheme: str, *arguments: str) -> str:
        *options, page = arguments
        with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
            own = [f"--user-data-dir={profile}", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"]
            command = [self.path, *QUIET, *own, *options, f"{self.address}/{page}"]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        self.console += [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
        return ended.stdout


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Serve the folder, and give a browser that looks at it."""
    path = find()
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_: object) -> None:
            requests.append(self.path)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Browser(path, folder, f"http://127.0.0.1:{server.server_address[1]}", requests)
        finally:
            server.shutdown()
            thread.join()


def distinct_lines(png: bytes) -> int:
    """Return how many lines of a picture differ, as they are filtered in the file: of a blank one, two or three."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, header = 8, b"", b""
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        content = png[at + 8 : at + 8 + length]
        header = content if kind == b"IHDR" else header
        packed += content if kind == b"IDAT" else b""
        at += length + 12
    width, depth, colour = int.from_bytes(header[:4], "big"), header[8], header[9]
    line = 1 + (width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] + 7) // 8
    lines = zlib.decompress(packed)
    return len({lines[start : start + line] for start in range(0, len(lines), line)})
