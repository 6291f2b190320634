"""What a person sees of a run: real runs of small playbooks, and the arithmetic of what is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.callback.progress import preload
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.console.progress import (
    History,
    announcement,
    conclusion,
    duration,
    stage_of,
)

ROOT = Path(__file__).resolve().parents[2]

PLAYBOOK = """
- hosts: nobody
  name: Bring up what nobody wants
- hosts: all
  gather_facts: false
  connection: local
  roles: [{role: image, tags: "stage:publish"}]
- hosts: all
  gather_facts: false
  connection: local
  roles: [{role: workload, tags: deploy}]
"""
IMAGE = """
- name: Build | Look
  ansible.builtin.debug: {msg: not shown}
- name: Build | Make it
  ansible.builtin.debug: {msg: made}
  changed_when: true
"""
WORKLOAD = """
- name: Mended
  block:
    - name: Try
      ansible.builtin.fail: {msg: this was fixed}
  rescue:
    - name: Fix
      ansible.builtin.debug: {msg: fixed}
- name: Wait | For the Pods
  tags: "stage:rollout"
  ansible.builtin.assert:
    that: "{{ good | bool }}"
    fail_msg: "Deployment x cannot come up: the image is missing. Push it"
    quiet: true
"""


def prepare(folder: Path, pause: bool = False) -> None:
    """The playbook and its roles; with a build that takes a moment, where that is wanted."""
    slow = "- name: Build | Wait\n  ansible.builtin.command: sleep 2\n" if pause else ""
    for role, tasks in (("image", slow + IMAGE), ("workload", WORKLOAD)):
        (folder / "roles" / role / "tasks").mkdir(parents=True, exist_ok=True)
        (folder / "roles" / role / "tasks/main.yml").write_text(tasks)
    (folder / "play.yml").write_text(PLAYBOOK)


def environment(folder: Path) -> dict[str, str]:
    """As ansible.cfg would set it."""
    return dict(os.environ) | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_STDOUT_CALLBACK": "fastapi_mysql.k8s.progress",
        "ANSIBLE_NOCOLOR": "1",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """ansible-playbook with the callback."""
    prepare(folder)
    command = ["ansible-playbook", "-i", "localhost,", "play.yml", *options]
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_line_for_each_stage_and_the_recap(tmp_path: Path) -> None:
    done = run(tmp_path, "-e", "good=true")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "– Bring up what nobody wants: for none of these targets" in lines
    stages = [line.split()[1] for line in lines if line.startswith("✓")]
    assert stages == ["publish", "rollout"]
    # What a rescue has fixed is told, and is no failure of the run.
    assert "  ✗ localhost: workload : Try: this was fixed" in lines
    assert "[ERROR]" not in done.stdout + done.stderr
    assert "  ~ localhost: image : Build | Make it" in lines
    assert "TASK" not in done.stdout
    assert "not shown" not in done.stdout
    assert "changed=1 " in done.stdout
    [remembered] = json.loads((tmp_path / "cache/fastapi-mysql-k8s/durations.json").read_text()).values()
    assert list(remembered[0]) == ["publish", "deploy", "rollout"]


def test_a_failure_comes_last_and_once(tmp_path: Path) -> None:
    done = run(tmp_path, "-e", "good=false")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == "[ERROR]: Deployment x cannot come up: the image is missing. Push it"
    assert (done.stdout + done.stderr).count("[ERROR]") == 1
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("✗")] == ["deploy", "rollout"]
    assert not (tmp_path / "cache").exists()


def test_verbose_is_as_ansible_prints_it(tmp_path: Path) -> None:
    done = run(tmp_path, "-v", "-e", "good=true")
    assert "TASK [image : Build | Look]" in done.stdout
    assert "ok: [localhost] => " in done.stdout
    assert "✓" not in done.stdout


@pytest.mark.parametrize(
    ("role", "tags", "stage"),
    [
        ("compose", [], "compose"),
        ("compose", ["always"], "compose"),
        ("platform_docker", ["platform"], "platform"),
        ("image", ["build", "push", "stage:publish"], "publish"),
        ("other", ["build"], "build"),
        ("image", ["build", "push", "stage:publish", "platform"], "platform"),
        ("app", ["always", "stage:plan"], "plan"),
        ("workload", ["stage:rollout", "stage:prepare", "deploy"], "rollout"),
    ],
)
def test_stage_of(role: str, tags: list[str], stage: str) -> None:
    assert stage_of(role, tags) == stage


def test_what_is_left_is_what_came_after_it_in_any_run_that_had_it(tmp_path: Path) -> None:
    history = History.load(tmp_path / "durations.json")
    assert history.left("site.yml", "build", {}) is None
    for build in (10.0, 30.0, 20.0):
        history.remember("site.yml", {"platform": 1.0, "build": build, "rollout": 8.0, "verify": 2.0})
    # Nothing to do, again and again.
    for _ in range(9):
        history.remember("site.yml", {"platform": 1.0, "verify": 2.0})
    again = History.load(tmp_path / "durations.json")
    assert again.expected("site.yml", "build") == 20.0
    assert again.left("site.yml", "build", {}) == 30.0
    # Two images are built one after the other, and both are of that stage.
    assert again.expected("site.yml", "build", 15.0) == 5.0
    assert again.left("site.yml", "build", {"platform": 1.0, "build": 15.0}) == 15.0
    # What was not needed before it is not needed any more.
    assert again.left("site.yml", "rollout", {"platform": 1.0}) == 10.0
    assert again.left("site.yml", "undo", {}) is None
    assert again.left("other.yml", "build", {}) is None


def test_a_real_run_says_what_is_left(tmp_path: Path) -> None:
    kind = "play.yml tags=('all',) skip_tags=() check=False"
    known = [{"publish": 40.0, "deploy": 1.0, "rollout": 20.0}, {"deploy": 1.0}]
    (tmp_path / "cache/fastapi-mysql-k8s").mkdir(parents=True)
    (tmp_path / "cache/fastapi-mysql-k8s/durations.json").write_text(json.dumps({kind: known}))
    lines = run(tmp_path, "-e", "good=true").stdout.splitlines()
    assert [line for line in lines if line.startswith("…")] == [
        "… publish: about 40 s, 61 s left in all",
        "… rollout: about 20 s",
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": [{"b": "x"}]}'])
def test_a_file_that_is_not_ours_is_no_reason_to_fail(tmp_path: Path, text: str) -> None:
    (tmp_path / "durations.json").write_text(text)
    assert History.load(tmp_path / "durations.json").runs == {}


def test_only_some_runs_are_remembered(tmp_path: Path) -> None:
    history = History(tmp_path / "durations.json")
    for seconds in range(9):
        history.remember("site.yml", {"build": float(seconds)})
    assert len(history.runs["site.yml"]) == 5


def test_lines() -> None:
    assert announcement("deploy", 40.0, 65.0) == ""
    assert announcement("publish", 40.0, 65.0) == "… publish: about 40 s, 65 s left in all"
    assert announcement("compose", 20.0, 21.0) == "… compose: about 20 s"
    assert announcement("teardown", None, None) == "… teardown"
    assert announcement("verify", 0.4, 0.4) == ""
    assert announcement("publish", None, None) == "… publish"
    assert announcement("verify", None, None) == ""
    assert conclusion("build", 41.23, 2, False) == "✓ build        41.2 s  2 changed"
    assert conclusion("rollout", 12.0, 0, True) == "✗ rollout      12.0 s  failed"
    assert duration(400) == "6 min 40 s"


def test_an_action_of_this_collection_is_loaded_before_its_task_is_forked() -> None:
    """Others are none of our business, and a module has nothing to load here."""
    module = "ansible_collections.fastapi_mysql.k8s.plugins.action.logs"
    sys.modules.pop(module, None)
    for action in ("fastapi_mysql.k8s.logs", "fastapi_mysql.k8s.debian_packages", "ansible.builtin.debug"):
        preload(action)
    assert module in sys.modules
    assert not any(name.endswith((".action.debian_packages", ".action.debug")) for name in sys.modules)
