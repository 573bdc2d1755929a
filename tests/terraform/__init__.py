"""The module's inputs, its configuration, and its use of the AWS provider."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))  # for scripts/document.py
