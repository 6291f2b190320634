"""What `make docs` has written is what its sources say: nobody has edited it, and no source went on without it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(root: Path) -> subprocess.CompletedProcess[str]:
    """Of a checkout, or of a copy of its documents."""
    call = [sys.executable, str(root / "docs/make/implementation.py"), "--check"]
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=30)


def test_the_documents_are_what_their_sources_say() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("docs/IMPLEMENTATION.md", "The diary of the task", "The diary of the task (in another namespace)"),
        ("docs/IMPLEMENTATION.md", "$ make status\n", "$ make logs\n"),
        ("docs/IMPLEMENTATION.md", "## 8. The proof\n", ""),
        ("docs/SECURITY.md", "# Security\n", "# Security\n\nMore.\n"),
        ("docs/make/SECURITY.md.in", "## The deployer\n", "## The account\n"),
        ("docs/make/IMPLEMENTATION.md.in", "$ kubectl get nodes\n", "$ kubectl get nodes\n$ kubectl version\n"),
        (
            "docs/DAILY.md",
            "<!-- make docs: status -->\n```\nfastapi-mysql on local: ",
            "<!-- make docs: status -->\n```\n",
        ),
        ("docs/COMMANDS.md", "<!-- make docs: unchanged -->", "<!-- -->"),
    ],
)
def test_one_that_is_not_would_be_seen(file: str, before: str, after: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "README.md", tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    done = check(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith(file.replace("make/", "").removesuffix(".in")), done.stdout
    assert done.stdout.endswith("Run: make docs\n")
