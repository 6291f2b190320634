"""Maintenance: what it changes, what users get, how it ends, and that nothing is deployed meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.fastapi_mysql.k8s.plugins.action.maintenance import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.action.status import maintenance_lines
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.names import Names
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.maintenance import (
    LABEL,
    maintenance_of,
    refusal,
)

from fake_api_server import Reply, serving, status, write_kubeconfig

Object = dict[str, Any]
OWN = {"app.kubernetes.io/name": "users", "app.kubernetes.io/instance": "users"}
PAGE = Path(__file__).resolve().parents[2] / "roles/maintenance/files/page.py"


def merged(live: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    live = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            live.pop(key, None)
        else:
            live[key] = merged(live.get(key), value)
    return live


class Cluster:
    """A Service, a Deployment, and a controller that answers 503 for a Service without its own Pods."""

    def __init__(self) -> None:
        self.service: Object | None = {
            "metadata": {"name": "users", "resourceVersion": "7"},
            "spec": {"selector": dict(OWN), "ports": [{"port": 80}]},
        }
        self.deployment: Object | None = {"spec": {"selector": {"matchLabels": dict(OWN)}}}
        self.without_pods, self.late = 503, 0
        self.wrote: list[str] = []
        self.forbidden = False

    @property
    def selector(self) -> Object:
        assert self.service
        found: Object = self.service["spec"]["selector"]
        return found

    def route(self, method: str, path: str, body: Object) -> Reply:
        plain = path.partition("?")[0]
        if plain == "/":
            self.late -= 1
            return (200, "users") if self.selector == OWN or self.late >= 0 else (self.without_pods, "away")
        if plain.endswith("/deployments/users"):
            return (200, self.deployment) if self.deployment else status(404, "none")
        if not plain.endswith("/services/users") or self.service is None:
            return status(404, f"{plain} not found")
        if method == "PATCH":
            self.wrote.append(path)
            if self.forbidden:
                return status(403, "you may not patch services")
            if body["metadata"].pop("resourceVersion") != self.service["metadata"]["resourceVersion"]:
                return status(409, "the object has been modified")
            self.service = merged(self.service, body)
            self.service["metadata"]["resourceVersion"] += "1"
        return 200, self.service


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(autouse=True)
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _, text, **__: lines.extend(text.splitlines()))
    return lines


@pytest.fixture
def switch(cluster: Cluster, tmp_path: Path) -> Iterator[Any]:
    with serving(cluster.route) as url:
        kubeconfig = write_kubeconfig(tmp_path, url)

        def turn(state: str, check: bool = False, **other: Any) -> Object:
            users = {"base_url": url, "host": "", "validate_certs": True, "ca_file": "", "endpoints": []}
            arguments = {"name": "users", "namespace": "n", "state": state, "timeout": 3.0} | users | other
            action = ActionModule.__new__(ActionModule)
            action._task = SimpleNamespace(check_mode=check)
            with KubeClient.from_kubeconfig(kubeconfig, "here") as client:
                return action.work(client, arguments)

        yield turn


def test_the_service_alone_changes_and_is_as_before_in_the_end(
    cluster: Cluster, switch: Any, printed: list[str]
) -> None:
    before = json.loads(json.dumps(cluster.service))
    result = switch("on")
    assert result["changed"] and result["on"] and re.fullmatch(r"20\d\d-\d\d-\d\d [\d:]{8} UTC", result["since"])
    assert cluster.selector == {LABEL: "users"}
    assert "fieldManager=fastapi-mysql-k8s-maintenance" in cluster.wrote[0]
    assert f"Maintenance of users is on since {result['since']}, by " in printed[0]
    assert printed[0].endswith("Users get 503 (away).")
    assert switch("off") == {"changed": True, "on": False, "since": ""}
    after = json.loads(json.dumps(cluster.service))
    for one in (before, after):
        one["metadata"].pop("resourceVersion")
        one["metadata"].pop("annotations", None)
    assert after == before


def test_twice_changes_nothing_and_keeps_the_time(cluster: Cluster, switch: Any) -> None:
    since = switch("on")["since"]
    again = switch("on")
    assert (again["changed"], again["since"]) == (False, since)
    switch("off")
    assert switch("off")["changed"] is False
    assert len(cluster.wrote) == 2


def test_check_mode_changes_nothing(cluster: Cluster, switch: Any) -> None:
    assert switch("on", check=True)["changed"] is True
    assert cluster.selector == OWN and cluster.wrote == []


def test_a_controller_that_follows_late_is_waited_for(cluster: Cluster, switch: Any, printed: list[str]) -> None:
    cluster.late = 3
    switch("on")
    assert "Users get 503" in printed[0]


@pytest.mark.parametrize("answer", [404, 200])
def test_a_controller_that_says_something_else_is_told(cluster: Cluster, switch: Any, answer: int) -> None:
    cluster.without_pods = answer
    with pytest.raises(UserError, match=f"is on, but users get {answer} at .*maintenance_image.*make maintenance-off"):
        switch("on", timeout=0.3)


def test_nobody_who_answers_is_told(cluster: Cluster, switch: Any) -> None:
    with pytest.raises(UserError, match=r"is on, but users get .*refused"):
        switch("on", timeout=0.1, base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("note", [None, "", "not JSON", "[]", "{}", '{"selector": null}'])
def test_it_ends_without_the_note_as_well(cluster: Cluster, switch: Any, note: str | None) -> None:
    switch("on")
    assert cluster.service
    cluster.service["metadata"]["annotations"] = {} if note is None else {LABEL: note}
    assert maintenance_of(cluster.service).on
    switch("off")
    assert cluster.selector == OWN


def test_without_note_and_deployment_nothing_is_guessed(cluster: Cluster, switch: Any) -> None:
    switch("on")
    assert cluster.service
    cluster.service["metadata"]["annotations"], cluster.deployment = {}, None
    with pytest.raises(UserError, match="led to is written on it no more"):
        switch("off")
    assert cluster.selector == {LABEL: "users"}


def test_of_what_is_not_deployed_it_is_told(cluster: Cluster, switch: Any) -> None:
    cluster.service = None
    for state in ("on", "off"):
        with pytest.raises(UserError, match="Service users is not in namespace n: deploy it first"):
            switch(state)


def test_who_may_not_is_told(cluster: Cluster, switch: Any) -> None:
    cluster.forbidden = True
    with pytest.raises(UserError, match="forbids it"):
        switch("on")


def test_nothing_is_deployed_meanwhile() -> None:
    note = json.dumps({"since": "2026-11-30 10:00:00 UTC", "by": "me@here"})
    service = {"metadata": {"annotations": {LABEL: note}}, "spec": {"selector": {LABEL: "users"}}}
    assert refusal(service, "users") == (
        "Maintenance of users is on since 2026-11-30 10:00:00 UTC, by me@here: end it first (make maintenance-off)."
    )
    # What is written on it alone keeps nobody out.
    assert refusal(service | {"spec": {"selector": OWN}}, "users") == ""
    assert refusal({"metadata": {}, "spec": {}}, "users") == ""


def test_status_tells_it(cluster: Cluster, switch: Any, tmp_path: Path) -> None:
    with serving(cluster.route) as url, KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, url), "here") as client:
        assert maintenance_lines(client, Names("n", "users")) == []
        switch("on")
        (line,) = maintenance_lines(client, Names("n", "users"))
        assert line.startswith("  ! Maintenance is on since 20") and line.endswith(": make maintenance-off ends it")
        cluster.service = None
        assert maintenance_lines(client, Names("n", "users")) == []


@pytest.fixture
def page() -> Iterator[int]:
    """The page, as its Pods run it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"MESSAGE": "<h1>Bäck soon &amp; so</h1>", "RETRY_AFTER": "120", "PORT": str(port)}
    run = subprocess.Popen([sys.executable, "-c", PAGE.read_text(encoding="utf-8")], env=os.environ | own)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert run.poll() is None
                time.sleep(0.02)
        yield port
    finally:
        run.terminate()
        assert run.wait(5) == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_the_page_says_503_to_everything(page: int, method: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", page, timeout=5)
    connection.request(method, "/users/1?a=b", body=b"x" * 1000 if method == "POST" else None)
    response = connection.getresponse()
    body = response.read().decode()
    assert (response.status, response.headers["Retry-After"]) == (503, "120")
    assert response.headers["Cache-Control"] == "no-store"
    assert ("<h1>Bäck soon &amp; so</h1>" in body) == (method != "HEAD")
