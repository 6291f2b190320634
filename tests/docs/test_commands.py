"""Every command that a document shows is tried somewhere, and the little that costs nothing is tried here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import INLINE, ROOT, commands, documents

TABLE: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/docs/commands.yml").read_text(encoding="utf-8"))
# What a reader would type, among what nobody would.
BLOCK = """make everything-new # at once
A=1 B=~/b docker images
~/.cache/venv/bin/supervisorctl status
. tests/docker-env
✓ verify        1.4 s
local                      : ok=48   changed=0
tests/lint                    # the style
tests/images/sizes.py
"""
SENTENCE = "`kubectl get everything`, `python -m compileall .`, `tests/lint`; not `kubectl`, `tests/load.py` or `A=1`"
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
            # Not only the file: what it does there.
            lines = (ROOT / entry["tested"]).read_text(encoding="utf-8").splitlines()
            assert entry.get("by") and any(entry["by"] in line.partition("# ")[0] for line in lines), entry


@pytest.mark.parametrize("entry", [one for one in TABLE if "by" in one and one["command"].startswith("make ")])
def test_make_does_what_the_test_does(entry: dict[str, Any]) -> None:
    """Where a test runs what is behind a target rather than the target itself, that is what make would run."""
    goal = str(entry["command"]).split()[1]
    behind = re.findall(r"[a-z_]+(?:/[a-z_]+)*\.(?:yml|py)|tests/(?:lint|audit)", entry["by"])
    if entry["tested"] == HERE or not behind:
        assert entry["tested"] == HERE or goal in entry["by"], entry
        return
    call = [
        "make",
        "--dry-run",
        "--assume-old=.venv/deploy",
        "--assume-old=.venv/test",
        "--assume-old=.venv/audit/done",
        goal,
    ]
    told = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    assert behind[0] in told, told


def test_a_command_that_is_new_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"Try this:\n\n```\n{BLOCK}```\n\nor {SENTENCE}.\n", encoding="utf-8")
    assert [one.text for one in commands(page)] == [
        "make everything-new",
        "A=1 B=~/b docker images",
        "~/.cache/venv/bin/supervisorctl status",
        ". tests/docker-env",
        "tests/lint",
        "tests/images/sizes.py",
        "kubectl get everything",
        "python -m compileall .",
        "tests/lint",
    ]


@pytest.mark.parametrize(
    "call",
    [
        ["make", "--dry-run", "deploy"],
        ["make", "--dry-run", "PYTHON=/usr/bin/python3", "deploy"],
        ["make", "--dry-run", "deploy", "ARGS=-i inventory/mine --limit exam"],
        ["make", "--dry-run", "platform-archive"],
        ["make", "--dry-run", "deploy", "PLATFORM_ARCHIVE=FILE"],
        ["make", "--dry-run", ".venv/deploy"],
        ["make", "--dry-run", ".venv/test"],
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


def test_every_target_and_every_playbook_is_documented() -> None:
    page = (ROOT / "docs/COMMANDS.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    goals = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [f"make {one}" for one in goals] + [f"playbooks/{one.name}" for one in (ROOT / "playbooks").glob("*.yml")]
    assert len(goals) > 20
    assert sorted(set(wanted) - rows) == []
    # Nor is one named that is not there.
    named = {one for one in rows if re.match(r"make [a-z]|playbooks/", one)}
    assert sorted(named - set(wanted)) == []


def test_each_tag_that_is_documented_is_run_alone() -> None:
    page = (ROOT / "docs/COMMANDS.md").read_text(encoding="utf-8")
    table = page.partition("| `ansible-playbook site.yml --tags …` |")[2].partition("\n\n")[0]
    [play] = yaml.safe_load((ROOT / "molecule/default/side_effect.yml").read_text(encoding="utf-8"))
    stages = next(task["vars"]["__stages"] for task in play["tasks"] if "__stages" in task.get("vars", {}))
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(stages)


def test_a_password_that_is_encrypted_is_read_back(tmp_path: Path) -> None:
    """As SECURITY.md has it: what ansible-vault prints goes into an inventory."""
    (tmp_path / "key").write_text("of this test\n")
    environment = os.environ | {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "key"), "ANSIBLE_HOME": str(tmp_path)}

    def said(*command: str, typed: str = "") -> str:
        call = [str(ROOT / ".venv/bin" / command[0]), *command[1:]]
        done = subprocess.run(
            call, cwd=tmp_path, env=environment, input=typed, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    hidden = said("ansible-vault", "encrypt_string", "--stdin-name", "app_db_password", typed="a p@ss'word")
    assert hidden.startswith("app_db_password: !vault |") and "p@ss" not in hidden
    (tmp_path / "hosts.yml").write_text("all: {hosts: {mine: }}\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text(hidden)
    told = said("ansible", "-i", str(tmp_path), "mine", "-m", "debug", "-a", "var=app_db_password")
    assert "a p@ss'word" in told


@pytest.mark.parametrize("name", ["dockerhub", "sample"])
def test_a_copied_inventory_is_complete(name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "inventory" / name, tmp_path / "mine")
    call = [str(ROOT / ".venv/bin/ansible-inventory"), "-i", str(tmp_path / "mine"), "--list", "--yaml"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "exam" in done.stdout


def test_every_variable_that_is_named_is_one() -> None:
    """In documents, and in what is advised after a failure: a name that no role knows would be refused."""
    specifications = [yaml.safe_load(one.read_text()) for one in (ROOT / "roles").glob("*/meta/argument_specs.yml")]
    known = {
        name
        for one in specifications
        for entry in one["argument_specs"].values()
        for name in entry.get("options") or {}
    }
    known |= {file.stem for file in (ROOT / "plugins").rglob("*.py")}
    # What roles pass on to each other.
    known |= {"app_plan", "verify_found", "workload_rollout"}
    roles = "|".join(sorted((one.name for one in (ROOT / "roles").iterdir()), key=len, reverse=True))
    advice = ROOT / "plugins/plugin_utils/rollout/remedies.py"
    texts = [(one, " ".join(INLINE.findall(one.read_text(encoding="utf-8")))) for one in documents()]
    texts.append((advice, " ".join(re.findall(r'"(.*)"', advice.read_text(encoding="utf-8")))))
    named = [(file, name) for file, text in texts for name in re.findall(rf"\b(?:{roles})_[a-z_]+\b", text)]
    assert len(named) > 200
    assert [f"{file.relative_to(ROOT)}: {name}" for file, name in named if name not in known] == []


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []
