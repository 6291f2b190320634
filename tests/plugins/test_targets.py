"""A run that is for nobody fails: real runs of every playbook with inventories that hold no target."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# `new` is for a repository, not for a target.
PLAYBOOKS = [
    *sorted({*(ROOT / "playbooks").glob("*.yml")} - {ROOT / "playbooks/new.yml"}),
    ROOT / "site.yml",
    ROOT / "verify.yml",
]
GROUPS_ONLY = "all: {children: {clusters: {hosts: {}}}}\n"


def run(playbook: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """From the repository's folder, as a person would."""
    return subprocess.run(
        ["ansible-playbook", *arguments, str(playbook)],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_playbook_refuses_an_inventory_without_hosts(playbook: Path) -> None:
    done = run(playbook, "-i", "/dev/null")
    assert done.returncode != 0
    assert "There is nothing to do: /dev/null has no hosts. Name an inventory that has (-i)." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-i", "inventory/mien"], "inventory/mien"),
        # Beside one that can be read, a typo is as wrong.
        (["-i", "inventory/sample", "-i", "inventory/mien"], "inventory/mien"),
        (["-i", "GROUPS"], "has no hosts"),
        (["-i", "GROUPS", "--limit", "exam"], "has no hosts"),
        (["-i", "inventory/sample", "--limit", "nobody"], "no hosts to target"),
        (["-i", "inventory/sample", "--limit", "exam:!exam"], "no hosts to target"),
        (["-i", "README.md"], "README.md"),
    ],
)
@pytest.mark.parametrize("printer", ["fastapi_mysql.k8s.progress", "ansible.builtin.minimal"])
def test_a_run_for_nobody_fails(arguments: list[str], said: str, printer: str, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(GROUPS_ONLY)
    given = [str(tmp_path / "hosts.yml") if argument == "GROUPS" else argument for argument in arguments]
    done = run(ROOT / "verify.yml", *given, ANSIBLE_STDOUT_CALLBACK=printer)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_platform_that_no_target_wants_is_no_failure() -> None:
    done = run(ROOT / "playbooks/platform.yml", "-i", "inventory/sample")
    assert done.returncode == 0, done.stderr
