"""What is done to a target that runs: its logs followed, commands run in it, users kept out, its registry tidied."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import Manifest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import parse_reference
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.session import opened
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.store import RegistryStore
from playbook_runner import DOCKER_CONFIG, REGISTRY, ROOT, kubectl
from surroundings import content_tags, get, tags

from conftest import PASSWORD, Deployed, NewTarget

ENOUGH = 60.0


@dataclass
class Following:
    """A run that goes on, and what it has printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    heard: queue.Queue[str] = field(default_factory=queue.Queue)

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.heard.put(line)

    def until(self, part: str) -> str:
        deadline = time.monotonic() + ENOUGH
        while time.monotonic() < deadline:
            try:
                self.lines.append(self.heard.get(timeout=1))
            except queue.Empty:
                continue
            if part in self.lines[-1]:
                return self.lines[-1]
        raise AssertionError((part, self.lines))

    def children(self) -> set[int]:
        """The processes of its tasks."""
        pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
        return {pid for pid in pids if f"PPid:\t{self.process.pid}\n" in status(pid)}


def status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return ""


@contextmanager
def following(deployed: Deployed, *options: str) -> Iterator[Following]:
    inventory = deployed.target.inventory({})
    command = ["ansible-playbook", "-i", str(inventory), "playbooks/logs.yml", "-e", "logs_follow=true", *options]
    own = {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        found = Following(process)
        threading.Thread(target=found.read, daemon=True).start()
        try:
            yield found
        finally:
            process.kill()


def test_logs_are_followed_through_a_rollout_and_end_well(deployed: Deployed) -> None:
    """Into a pipe, where nothing may wait for a buffer to be full."""
    space = f"--namespace={deployed.target.namespace}"
    with following(deployed, "-e", "logs_tail=1") as run:
        run.until("/")
        kubectl("rollout", "restart", "deployment/fastapi-mysql", space)
        new = run.until(" is new").split()[2]
        run.until(f"{new.rpartition('-')[2]}/api")
        run.until(" is gone")
        run.process.send_signal(signal.SIGINT)
        run.until("failed=0")
        assert run.process.wait(20) == 0
        whole = "".join(run.lines)
        assert "Traceback" not in whole and "ERROR" not in whole and PASSWORD not in whole
    kubectl("rollout", "status", "deployment/fastapi-mysql", space, "--timeout=120s")
    deployed.target.playbook().succeeded()


def test_who_follows_ends_with_the_run_that_is_killed(deployed: Deployed) -> None:
    with following(deployed) as run:
        run.until("/api")
        children = run.children()
        assert children
        run.process.kill()
        deadline = time.monotonic() + 10
        while left := [pid for pid in children if status(pid) and "State:\tZ" not in status(pid)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


def test_a_command_runs_where_users_are_served(deployed: Deployed) -> None:
    script = "echo to out; echo to err >&2; env; exit 3"
    run = deployed.target.playbook("playbooks/exec.yml", command=["sh", "-c", script])
    assert run.rc != 0
    assert "to out\n" in run.stdout and "to err\n" in run.stderr
    assert PASSWORD not in run.output and "MYSQL_PASSWORD=(hidden)" in run.stdout
    assert run.errors and "The command ended with exit status 3 (Pod fastapi-mysql-" in run.errors[0]
    told = deployed.target.make("exec", """-e "command='python3 --version'" """).succeeded()
    assert "Python 3." in told.stdout
    other = deployed.target.playbook("playbooks/exec.yml", command="mysql --version", exec_container="mysql")
    assert "MariaDB" in other.succeeded().stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"command": ""}, "Which command?"),
        ({"command": "no-such-program"}, "could not be run: "),
        ({"command": "true", "exec_container": "nginx"}, "has no container nginx, but api and mysql"),
        ({"command": ["sleep", "30"], "exec_timeout": 1}, "has not ended within 1 s"),
        ({"command": "true", "exec_time": 1}, "did you mean exec_timeout?"),
    ],
)
def test_a_command_that_cannot_be_run_is_told(deployed: Deployed, given: dict[str, object], told: str) -> None:
    run = deployed.target.playbook("playbooks/exec.yml", **given)
    assert run.rc != 0 and len(run.errors) == 1 and told in run.errors[0], run.output


def test_users_are_kept_out_and_let_in_again(deployed: Deployed) -> None:
    target = deployed.target
    space = f"--namespace={target.namespace}"
    before = kubectl("get", "deployment,ingress,pods", space, "--output=name")
    try:
        run = target.make("maintenance-on").succeeded()
        assert "Maintenance of fastapi-mysql is on since " in run.stdout and run.changed == 1
        assert get("/users/1", target.host)[0] == 503
        assert target.make("maintenance-on").succeeded().changed == 0
        assert kubectl("get", "deployment,ingress,pods", space, "--output=name") == before
        assert "! Maintenance is on since " in target.make("status").succeeded().stdout
        for refused in (target.playbook(), target.make("rollback")):
            assert refused.rc != 0 and "end it first (make maintenance-off)" in refused.errors[-1], refused.output
        assert get("/users/1", target.host)[0] == 503
        # A page of one's own; the API's image has Python in it.
        image = kubectl("get", "deployment/fastapi-mysql", space, "--output=jsonpath={..containers[0].image}")
        message = '<h1>Bis gleich, "wir" sind\'s</h1>'
        target.make("maintenance-on", maintenance_image=image, maintenance_message=message).succeeded()
        status_, page = get("/users/1", target.host)
        assert status_ == 503 and message in page
    finally:
        run = target.make("maintenance-off")
    assert "The API responds at " in run.succeeded().stdout
    assert get("/users/1", target.host)[0] == 200
    assert kubectl("get", "deployment,ingress,pods", space, "--output=name") == before
    again = target.playbook().succeeded()
    assert again.changed == 0, again.output
    assert target.make("maintenance-off").succeeded().changed == 0


def test_a_page_that_cannot_come_up_keeps_nobody_out(deployed: Deployed) -> None:
    target = deployed.target
    run = target.playbook(
        "playbooks/maintenance.yml", maintenance_state="on", maintenance_image=f"{REGISTRY}/it/nobody:1"
    )
    assert run.rc != 0 and "ImagePullFailed" in run.errors[-1], run.output
    assert get("/users/1", target.host)[0] == 200
    # The next deployment takes away what is left of it.
    target.playbook().succeeded()
    space = f"--namespace={target.namespace}"
    assert kubectl("get", "deployments", space, "--output=name").split() == ["deployment.apps/fastapi-mysql"]


def test_maintenance_of_what_is_not_deployed_is_told(new_target: NewTarget) -> None:
    nothing = new_target("nowhere")
    for state in ("on", "off"):
        run = nothing.playbook("playbooks/maintenance.yml", maintenance_state=state)
        assert run.rc != 0 and len(run.errors) == 1 and "is not there" in run.errors[0], run.output
    run = nothing.playbook("playbooks/maintenance.yml", maintenance_state="maybe")
    assert run.rc != 0 and "must be one of: on, off" in run.errors[0], run.output


def test_images_that_nobody_needs_are_removed_and_what_runs_stays(deployed: Deployed) -> None:
    target = deployed.target
    name = f"{target.images}api"
    client = opened(
        RegistryStore, REGISTRY, {"username": "", "password": "", "docker_config": str(DOCKER_CONFIG), "timeout": 20}
    )
    place = parse_reference(f"{REGISTRY}/{name}:{sorted(content_tags(name))[0]}")
    found = client.manifest(place)
    assert found is not None
    # The same image once more, as another manifest.
    body = json.dumps(json.loads(found.body) | {"annotations": {"of": "nobody"}}).encode()
    dead = parse_reference(f"{REGISTRY}/{name}:content-00000000000000000000")
    client.put_manifest(dead, Manifest(body, found.media_type, ""))
    before = tags(name)
    young = target.make("prune-images").succeeded()
    assert young.changed == 0 and tags(name) == before
    every = {"images_keep_days": 0, "images_keep_newest": 0}
    listed = target.playbook("playbooks/prune_images.yml", "--check", **every).succeeded()
    assert "  - content-00000000000000000000  sha256:" in listed.stdout and tags(name) == before
    assert target.playbook("playbooks/prune_images.yml", **every).succeeded().changed == 1
    assert tags(name).keys() == before.keys() - {"content-00000000000000000000"}
    assert target.playbook().succeeded().changed == 0
    assert target.playbook("playbooks/prune_images.yml", **every).succeeded().changed == 0
