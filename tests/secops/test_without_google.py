"""Commands that do not ask SecOps need no library of Google's."""

from __future__ import annotations

import subprocess
import sys

NAMES = ["google.auth", "google.cloud", "google.oauth2", "google.protobuf"]
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({NAMES}))"


def test_verify_udm_and_feed_show_load_without_googles_library() -> None:
    loads = "import zoomlogs.verify.command, zoomlogs.verify.page, zoomlogs.udm.command, zoomlogs.feed.command"
    subprocess.run([sys.executable, "-c", f"{WITHOUT}; {loads}"], check=True)


def test_with_it_missing_the_sentence_says_what_to_install() -> None:
    program = f"{WITHOUT}; import zoomlogs.secops.session"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "install zoomlogs with its extra [secops], as docs/cli.md says" in ended.stderr
