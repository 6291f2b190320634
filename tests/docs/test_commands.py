"""Every command that a document shows is tried somewhere, and the little that costs nothing is tried here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import ROOT, commands, documents

TABLE: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/docs/commands.yml").read_text(encoding="utf-8"))
SHOWN = [command for document in documents() for command in commands(document)]
HERE = "tests/docs/test_commands.py"
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def test_every_command_has_its_test() -> None:
    known = {entry["command"] for entry in TABLE}
    assert [f"{one.file}: {one.text}" for one in SHOWN if one.text not in known] == []


def test_nothing_is_listed_that_no_document_shows() -> None:
    shown = {one.text for one in SHOWN}
    assert [entry["command"] for entry in TABLE if entry["command"] not in shown] == []


def test_what_is_named_is_there() -> None:
    for entry in TABLE:
        assert len(entry.keys() & {"run", "tested", "elsewhere"}) == 1, entry
        if "tested" in entry:
            # Not only the file: what it does there, where that is said.
            assert entry.get("by", "") in (ROOT / entry["tested"]).read_text(encoding="utf-8"), entry


@pytest.mark.parametrize("entry", [one for one in TABLE if "by" in one and one["command"].startswith("make ")])
def test_make_does_what_the_test_does(entry: dict[str, Any]) -> None:
    """Where a test runs what is behind a target rather than the target itself, that is what make would run."""
    goal = str(entry["command"]).split()[1]
    if (goal in entry["by"] and entry["tested"] != "molecule/default/destroy.yml") or entry["tested"] == HERE:
        return
    call = ["make", "--dry-run", "--assume-old=.venv/deploy", "--assume-old=.venv/test", goal]
    told = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    behind = re.findall(r"[a-z_/]+\.(?:yml|py)|tests/lint", entry["by"])
    assert behind and behind[0] in told, told


def test_a_command_that_is_new_would_be_seen(tmp_path: Path) -> None:
    text = "Try this:\n\n```\nmake everything-new # at once\n```\n\nor `kubectl get everything`, not `kubectl`.\n"
    page = tmp_path / "README.md"
    page.write_text(text, encoding="utf-8")
    assert [one.text for one in commands(page)] == ["make everything-new # at once", "kubectl get everything"]


@pytest.mark.parametrize(
    "call",
    [
        ["make", "--dry-run", "deploy"],
        ["make", "--dry-run", "PYTHON=/usr/bin/python3", "deploy"],
        ["make", "--dry-run", "deploy", "ARGS=-i inventory/mine --limit exam"],
        ["make", "--dry-run", ".venv/deploy"],
        ["make", "help"],
    ],
)
def test_make_knows_what_is_shown(call: list[str]) -> None:
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    if call[-1].startswith("ARGS"):
        assert "ansible-playbook site.yml" in done.stdout
        assert "-i inventory/mine --limit exam" in done.stdout


def test_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    targets = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [one for one in targets if f"make {one} " not in listed] == []


@pytest.mark.parametrize("name", ["dockerhub", "sample"])
def test_a_copied_inventory_is_complete(name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "inventory" / name, tmp_path / "mine")
    call = [str(ROOT / ".venv/bin/ansible-inventory"), "-i", str(tmp_path / "mine"), "--list", "--yaml"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "exam" in done.stdout


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []
