"""Logs that are followed: Pods and containers that come, go, start again; connections that end; what is hidden."""

from __future__ import annotations

import base64
import itertools
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.fastapi_mysql.k8s.plugins.action.follow_logs import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube import log_streams
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient

from fake_api_server import Reply, serving, status, write_kubeconfig

Object = dict[str, Any]
SECRET = "hunter2-and-more"
# For a machine that does something else meanwhile, too: what takes so long never comes.
ENOUGH = 60.0


def pod(name: str, restarts: int = 0, state: str = "running", secret: str = "users") -> Object:
    """A Pod of one container."""
    env = [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": "P"}}}]
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {"containers": [{"name": "api", "env": env}]},
        "status": {"containerStatuses": [{"name": "api", "restartCount": restarts, "state": {state: {}}}]},
    }


@dataclass
class Cluster:
    """Pods that a test adds and removes, and what their containers say."""

    pods: dict[str, Object] = field(default_factory=dict)
    events: list[Object] = field(default_factory=list)
    # By Pod and restart: what is said, each with its stamp; the connection ends behind it.
    logs: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=lambda: {"users": SECRET})
    asked: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0
    # What happens while the last lines are read, and nobody watches yet.
    meanwhile: list[tuple[str, Object]] = field(default_factory=list)
    version: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    def change(self, kind: str, item: Object) -> None:
        name = str(item["metadata"]["name"])
        if kind == "DELETED":
            self.pods.pop(name)
        else:
            self.pods[name] = item
        item["metadata"]["resourceVersion"] = str(next(self.version))
        self.events.append({"type": kind, "object": item})

    def watched(self, since: int) -> Iterator[Object]:
        """What has changed since a version, for each who watches: a connection that has ended takes nothing away."""
        end = time.monotonic() + 2 * ENOUGH
        while time.monotonic() < end:
            for event in [one for one in self.events if int(one["object"]["metadata"]["resourceVersion"]) > since]:
                since = int(event["object"]["metadata"]["resourceVersion"])
                yield event
            time.sleep(0.02)

    def route(self, method: str, path: str, body: Object) -> Reply:
        plain, _, text = path.partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        if plain.endswith("/deployments/users"):
            return 200, {"metadata": {"name": "users"}, "spec": {"selector": {"matchLabels": {"a": "users"}}}}
        if plain.endswith("/pods") and query.get("watch"):
            return 200, self.watched(int(query.get("resourceVersion", "1")))
        if plain.endswith("/pods"):
            return 200, {"metadata": {"resourceVersion": "1"}, "items": list(self.pods.values())}
        if plain.endswith("/log"):
            return self.log(plain.split("/")[-2], query)
        name = plain.rpartition("/")[2]
        if "/secrets/" in plain and name in self.secrets:
            return 200, {"data": {"P": base64.b64encode(self.secrets[name].encode()).decode()}}
        return status(404, f"{plain} not found")

    def log(self, name: str, query: dict[str, str]) -> Reply:
        self.asked.append({"pod": name} | query)
        if self.refused and query.get("follow"):
            return status(self.refused, "you may not follow")
        if name not in self.pods:
            return status(404, f'pods "{name}" not found')
        restarts = self.pods[name]["status"]["containerStatuses"][0]["restartCount"]
        said = self.logs.get(f"{name}/{restarts}", [])
        since = query.get("sinceTime", "")[:19]
        tail = said[-int(query["tailLines"]) :] if "tailLines" in query else said
        lines = [line for line in tail if line[:19] >= since]
        while self.meanwhile:
            self.change(*self.meanwhile.pop())
        return (200, iter(lines)) if query.get("follow") else (200, "".join(f"{line}\n" for line in lines))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setattr(log_streams, "AGAIN_SECONDS", 0.05)
    return Cluster(pods={"users-abc-x1": pod("users-abc-x1")})


class Followed:
    """The action in a thread of its own, and what it has printed."""

    def __init__(self, cluster: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> None:
        self.lines: list[str] = []
        self.errors: list[Exception] = []
        self.given = {"name": "users", "namespace": "n", "container": "", "tail": 40, "previous": False} | arguments
        self.over = False
        monkeypatch.setattr(Display, "display", lambda _, text, **__: self.show(text))
        self.kubeconfig, self.cluster = folder, cluster

    def show(self, text: str) -> None:
        if self.over:
            raise SystemExit
        self.lines.append(text)

    def end(self) -> None:
        """What is followed has no end of its own, and would ask a server that is gone, beside all later tests."""
        self.over = True
        self.cluster.change("ADDED", pod("the-last", state="waiting"))
        self.thread.join(ENOUGH)

    def begin(self, url: str) -> None:
        action = ActionModule.__new__(ActionModule)
        action._task = SimpleNamespace(check_mode=False)
        action.variables = {"inventory_hostname": "here"}
        self.client = KubeClient.from_kubeconfig(write_kubeconfig(self.kubeconfig, url), "here")

        def work() -> None:
            try:
                with suppress(SystemExit):
                    action._follow(self.client, self.given)
            except UserError as error:
                self.errors.append(error)

        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()

    def until(self, part: str, times: int = 1) -> None:
        end = time.monotonic() + ENOUGH
        while sum(part in line for line in self.lines) < times:
            assert time.monotonic() < end, (part, self.lines, self.errors)
            time.sleep(0.01)

    def fails(self) -> str:
        end = time.monotonic() + ENOUGH
        while not self.errors:
            assert time.monotonic() < end, self.lines
            time.sleep(0.01)
        return str(self.errors[0])


@pytest.fixture
def follow(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with serving(cluster.route) as url:
        begun: list[Followed] = []

        def begin(**arguments: Any) -> Followed:
            followed = Followed(cluster, tmp_path, monkeypatch, **arguments)
            followed.begin(url)
            begun.append(followed)
            return followed

        yield begin
        for followed in begun:
            followed.end()


def stamped(second: int, text: str) -> str:
    return f"2026-11-30T10:00:{second:02d}.000000001Z {text}"


def test_a_connection_that_ends_is_made_again_and_no_line_comes_twice(cluster: Cluster, follow: Any) -> None:
    cluster.logs["users-abc-x1/0"] = [stamped(1, "first"), stamped(2, "second")]
    seen = follow()
    seen.until("second")
    cluster.logs["users-abc-x1/0"] += [stamped(3, "third")]
    seen.until("third")
    cluster.logs["users-abc-x1/0"] += [stamped(3, "third")[:-5].replace("001Z", "002Z") + "fourth", stamped(4, "")]
    seen.until("fourth")
    seen.until("10:00:04")
    assert [line.split()[-1] for line in seen.lines[:4]] == ["first", "second", "third", "fourth"]
    assert seen.lines[0] == "2026-11-30 10:00:01  x1/api  first"
    assert len(seen.lines) == 5


def test_pods_that_come_and_go_are_told_and_followed(cluster: Cluster, follow: Any) -> None:
    cluster.logs["users-abc-x1/0"] = [stamped(1, "old")]
    cluster.logs["users-def-y2/0"] = [stamped(2, "a first word")]
    seen = follow()
    seen.until("old")
    cluster.change("ADDED", pod("users-def-y2", state="waiting"))
    seen.until("-- Pod users-def-y2 is new")
    assert not any("first word" in line for line in seen.lines)
    cluster.change("MODIFIED", pod("users-def-y2"))
    seen.until("y2/api  a first word")
    cluster.change("DELETED", cluster.pods["users-abc-x1"])
    seen.until("-- Pod users-abc-x1 is gone")


def test_pods_that_come_and_go_before_anybody_watches_are_told_as_well(cluster: Cluster, follow: Any) -> None:
    cluster.pods["users-old-w0"] = pod("users-old-w0")
    cluster.logs["users-def-y2/0"] = [stamped(2, "a first word")]
    cluster.meanwhile = [("DELETED", cluster.pods["users-old-w0"]), ("ADDED", pod("users-def-y2"))]
    seen = follow()
    seen.until("-- Pod users-def-y2 is new")
    seen.until("-- Pod users-old-w0 is gone")
    seen.until("y2/api  a first word")


def test_what_a_container_says_after_a_restart_is_read_from_its_beginning(cluster: Cluster, follow: Any) -> None:
    cluster.logs["users-abc-x1/0"] = [stamped(1, "one")]
    cluster.logs["users-abc-x1/1"] = [stamped(2, "two")]
    seen = follow()
    seen.until("one")
    cluster.change("MODIFIED", pod("users-abc-x1", restarts=1))
    seen.until("two")


def test_a_container_that_has_ended_is_read_to_its_end_and_no_further(cluster: Cluster, follow: Any) -> None:
    cluster.pods["users-abc-x1"] = pod("users-abc-x1", state="terminated")
    cluster.logs["users-abc-x1/0"] = [stamped(1, "last words")]
    seen = follow(tail=0)
    time.sleep(0.5)
    assert [one for one in cluster.asked if one.get("follow")] == [
        {
            "pod": "users-abc-x1",
            "container": "api",
            "timestamps": "true",
            "follow": "true",
            "sinceTime": "2026-11-30T10:00:01.000000001Z",
        }
    ]
    assert seen.lines == [], "with tail 0 nothing of before is printed"


def test_a_secret_that_a_new_pod_brings_is_hidden_and_so_is_the_one_before(cluster: Cluster, follow: Any) -> None:
    cluster.secrets["next"] = "another-s3cret"
    cluster.logs["users-abc-x1/0"] = [stamped(1, f"with {SECRET}")]
    cluster.logs["users-def-y2/0"] = [stamped(2, f"with another-s3cret and {SECRET}")]
    seen = follow()
    seen.until("with (hidden)")
    cluster.change("ADDED", pod("users-def-y2", secret="next"))
    seen.until("with (hidden) and (hidden)")


def test_of_a_new_pod_whose_secret_cannot_be_read_no_line_is_printed(cluster: Cluster, follow: Any) -> None:
    cluster.logs["users-abc-x1/0"] = [stamped(1, "old")]
    cluster.logs["users-def-y2/0"] = [stamped(2, "who knows what")]
    seen = follow()
    seen.until("old")
    cluster.change("ADDED", pod("users-def-y2", secret="unread"))
    assert "Nothing is printed, for it may hold what must not be shown: the Secret unread cannot be read" in (
        seen.fails()
    )
    assert not any("who knows" in line for line in seen.lines)


def test_who_may_not_follow_is_told(cluster: Cluster, follow: Any) -> None:
    cluster.refused = 403
    assert "forbids it (403): you may not follow" in follow().fails()


def test_an_outage_is_waited_for(cluster: Cluster, follow: Any) -> None:
    cluster.refused = 500
    cluster.logs["users-abc-x1/0"] = [stamped(1, "before")]
    seen = follow()
    seen.until("before")
    cluster.logs["users-abc-x1/0"] += [stamped(2, "after")]
    cluster.refused = 0
    seen.until("after")


def test_bytes_that_are_no_text_and_lines_without_a_stamp_do_no_harm(cluster: Cluster, follow: Any) -> None:
    cluster.logs["users-abc-x1/0"] = [stamped(1, "ok")]
    seen = follow()
    seen.until("ok")
    cluster.logs["users-abc-x1/0"] += ["", "unable to retrieve container logs", stamped(2, "\x00\ufffd {{ braces }}")]
    seen.until("{{ braces }}")
    assert "unable to retrieve container logs" in seen.lines[1]


@pytest.mark.parametrize(
    ("given", "told"),
    [({"container": "nginx"}, "has a container nginx, but api (logs_container)"), ({"name": "nobody"}, "deploy it")],
)
def test_what_cannot_be_followed_is_told(cluster: Cluster, follow: Any, given: Object, told: str) -> None:
    assert told in follow(**given).fails()


def test_what_was_said_before_a_restart_cannot_be_followed() -> None:
    action = ActionModule.__new__(ActionModule)
    with pytest.raises(UserError, match="set logs_previous or logs_follow, not both"):
        action.work(SimpleNamespace(), {"previous": True})


INTERRUPTED = """
import multiprocessing, signal, time
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.interrupts import pass_on_interrupt, until_interrupted

def task(ready, done):
    with until_interrupted():
        ready.set()
        time.sleep(120)
    # Another one comes too late to do harm.
    signal.raise_signal(signal.SIGINT)
    done.set()

if __name__ == "__main__":
    # Whoever starts the tests in the background may have them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    fork = multiprocessing.get_context("fork")
    ready, done = fork.Event(), fork.Event()
    process = fork.Process(target=task, args=(ready, done))
    process.start()
    undo = pass_on_interrupt()
    assert ready.wait(60)
    print("ready", flush=True)
    process.join(60)
    assert done.is_set() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    print("ended well")
"""


def test_an_interrupt_ends_what_is_followed_and_not_the_run() -> None:
    collections = str(Path(__file__).resolve().parents[2] / "collections")
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        env={"PYTHONPATH": collections, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout and run.stdout.readline() == "ready\n"
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=90)
    assert (run.returncode, said) == (0, "ended well\n")
