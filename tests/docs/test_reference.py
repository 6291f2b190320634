"""The reference says what the specifications say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "docs/make/reference.py"


def check() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(GENERATOR), "--check"], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_reference_is_up_to_date() -> None:
    done = check()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_is_not_would_be_seen() -> None:
    page = ROOT / "docs/reference/roles/evidence.md"
    before = page.read_text(encoding="utf-8")
    try:
        page.write_text(before + "\n", encoding="utf-8")
        done = check()
    finally:
        page.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert "docs/reference/roles/evidence.md is not what its source says" in done.stdout
