"""What `make status` and `make logs` say of a stand-in for a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.status import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.ages import age
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.console.status import merged, pod_lines
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.drift import Drift, differences, drift

from fake_api_server import Reply, serving, status, write_kubeconfig
from fake_deployment import FakeDeployment, standing_in
from test_evidence import write

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class Action(ActionModule):
    """The action without Ansible around it."""

    def __init__(self) -> None:
        self._task = SimpleNamespace(check_mode=False)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeDeployment]:
    with standing_in(tmp_path) as started:
        yield started


def say(cluster: FakeDeployment, **other: Any) -> dict[str, Any]:
    own = {
        "images": [],
        "evidence_dir": str(cluster.folder),
        "url_only": False,
        "manifests": [],
        "apis": [],
        "problem": "",
    }
    arguments = cluster.arguments() | own | other
    with KubeClient.from_kubeconfig(cluster.kubeconfig, "here") as client:
        return Action().work(client, arguments)


def test_a_good_deployment(cluster: FakeDeployment) -> None:
    name, _, digest = cluster.images["api"].partition("@")
    lines = say(cluster, images=[{"repository": name, "digest": digest}])["lines"]
    assert lines[0].startswith("users on here: 3 of 3 Pods ready, of no kept revision, for ")
    assert any(line.startswith("  GET /users/999999  404 in ") for line in lines)
    assert next(line for line in lines if line.endswith("as this checkout")).startswith("  api    127.0.0.1:")
    assert len([line for line in lines if line.startswith("  Pod ") and "  2/2, on embedded" in line]) == 3
    assert lines[-1] == "  Evidence  none yet: make evidence"


def test_a_broken_deployment(cluster: FakeDeployment) -> None:
    cluster.ready, cluster.reason = 1, "CrashLoopBackOff"
    cluster.answers["/users/1"] = (500, {})
    lines = say(cluster, images=[{"repository": cluster.images["api"].partition("@")[0], "digest": "sha256:other"}])[
        "lines"
    ]
    assert lines[0].endswith("waiting for ready Pods: 1 of 3")
    assert any("but should be 200 and JSON that includes" in line for line in lines)
    assert any("another than this checkout's, sha256:other" in line for line in lines)
    assert any("api CrashLoopBackOff" in line for line in lines)
    assert any(line.startswith("  ! ContainerExited: Pod users-abc-y1, container api: ") for line in lines)


def test_nothing_deployed(cluster: FakeDeployment) -> None:
    result = say(cluster, name="nobody")
    assert result["lines"][0] == "nobody on here: nothing is deployed in namespace users"
    assert result["deployed"] is False


def test_where_it_answers_is_asked_of_no_cluster(cluster: FakeDeployment) -> None:
    arguments = cluster.arguments() | {"images": [], "evidence_dir": str(cluster.folder), "url_only": True}
    result = Action().perform(arguments | {"kubeconfig": "/nowhere"})
    assert result["url"] == f"{cluster.url} (Host: users.test)"
    assert result["lines"][1].startswith("  Answers   GET /status  200 in ")
    nobody = Action().perform(arguments | {"base_url": "http://127.0.0.1:9"})["lines"][1]
    assert "refused" in nobody and nobody.endswith("but should be 200 and 1")


@pytest.mark.parametrize(
    ("since", "text"),
    [
        ("2026-11-23T11:59:18Z", "42 s"),
        ("2026-11-23T11:46:48Z", "13 min 12 s"),
        ("2026-11-23T10:00:00Z", "2 h"),
        ("2026-11-20T09:00:00Z", "3 d 3 h"),
        ("2026-11-23T12:00:05Z", "0 s"),
        ("", ""),
    ],
)
def test_age(since: str, text: str) -> None:
    assert age(since, NOW) == text


def test_differences_are_of_what_is_named() -> None:
    live = {"spec": {"replicas": 5, "containers": [{"name": "api", "image": "a"}], "paused": True}}
    wanted = {"spec": {"replicas": 3, "containers": [{"name": "api", "image": "b", "env": []}]}}
    assert list(differences(live, wanted)) == [
        "spec.replicas is 5, this checkout has 3",
        "spec.containers[api].image is a, this checkout has b",
    ]


def test_of_a_secret_only_the_field_is_named() -> None:
    assert list(differences({"data": {"KEY": "b2xk"}}, {"data": {"KEY": "bmV3"}}, secret=True)) == ["data.KEY differs"]


CHECKSUM = {"fastapi-mysql-k8s/credentials-checksum": "0123"}
WANTED: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}},
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "users", "namespace": "n"},
        "data": {"PASSWORD": "bmV3"},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "users", "namespace": "n", "annotations": CHECKSUM},
        "spec": {"replicas": 3},
    },
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "users", "namespace": "n"}},
]


def compared(tmp_path: Path, may_write: bool = True, may_read_secrets: bool = True) -> Drift:
    """WANTED, in a cluster that has a Deployment of five, another password, a ConfigMap too many and no Service."""
    managed = {"managedFields": [{"manager": "fastapi-mysql-k8s", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]}
    old = {"annotations": {"fastapi-mysql-k8s/credentials-checksum": "9876"}}
    left = {"metadata": {"name": "left", "namespace": "n", "labels": {"fastapi-mysql-k8s/target": "users"}}}
    live = {
        "namespaces/n": WANTED[0],
        "secrets/users": WANTED[1] | {"data": {"PASSWORD": "b2xk"}},
        "deployments/users": WANTED[2] | {"spec": {"replicas": 5}, "status": {"a": 1}},
    }
    for item in live.values():
        item["metadata"] = item["metadata"] | managed
    live["deployments/users"]["metadata"] |= old

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        assert method == "GET" or "dryRun=All" in path
        plain = path.partition("?")[0]
        if plain.endswith("/configmaps"):
            return 200, {"items": [left]}
        if (method != "GET" and not may_write) or ("secrets" in plain and not may_read_secrets):
            return status(403, f"you may not {method} {plain}")
        name = "/".join(plain.rsplit("/", 2)[1:])
        if name not in live and not (method == "PATCH" and name == "services/users"):
            return 404, {}
        return 200, live.get(name, {}) if method == "GET" else body

    with serving(route) as url, KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, url), "here") as client:
        return drift(client, "n", "users", ["v1", "apps/v1"], WANTED)


def test_drift_is_what_a_run_would_change(tmp_path: Path) -> None:
    found = compared(tmp_path)
    mark = "metadata.annotations.fastapi-mysql-k8s/credentials-checksum is 9876, this checkout has 0123"
    assert found.lines == [
        "Secret users: data.PASSWORD differs",
        f"Deployment users: {mark}",
        "Deployment users: spec.replicas is 5, this checkout has 3",
        "Service users: is not there",
        "ConfigMap left: this checkout does not have it",
    ]
    assert found.note == ""


def test_who_may_not_write_learns_what_can_be_read(tmp_path: Path) -> None:
    found = compared(tmp_path, may_write=False)
    assert found.lines == [
        "Secret users: data.PASSWORD differs",
        "Deployment users: metadata.annotations.fastapi-mysql-k8s/credentials-checksum is 9876, this checkout has 0123",
        "Deployment users: spec.replicas is 5, this checkout has 3",
        "Service users: is not there",
    ]
    assert found.note.startswith("compared only in what the manifests name, for there is no plan: The cluster refuses ")
    assert "you may not PATCH" in found.note


def test_who_may_not_read_the_secret_is_not_told_that_its_checksum_is_another(tmp_path: Path) -> None:
    found = compared(tmp_path, may_read_secrets=False)
    assert found.lines == ["Deployment users: spec.replicas is 5, this checkout has 3", "Service users: is not there"]
    assert "; not even read: Secret users, for there is no plan: " in found.note


def test_what_could_not_be_rendered_is_said(cluster: FakeDeployment) -> None:
    lines = say(cluster, problem="The registry r does not answer.")["lines"]
    assert "  Drift     not known: The registry r does not answer." in lines


def test_evidence_of_another_state_is_told_from_that_of_what_runs(cluster: FakeDeployment) -> None:
    write(cluster)
    folder = str(cluster.folder / "evidence")
    fresh = say(cluster, evidence_dir=folder)["lines"][-1]
    assert "/latest/index.html (passed, " in fresh and fresh.endswith("Z)")
    cluster.revision += 1
    assert say(cluster, evidence_dir=folder)["lines"][-1].endswith(
        "Z), which is of another state than what runs now: make evidence"
    )


def test_logs_are_merged_by_time() -> None:
    logs = {
        "x/api": "2026-11-23T10:00:03.5Z third\n2026-11-23T10:00:01.5Z first\n",
        "y/mysql": "2026-11-23T10:00:02.5Z second\n",
    }
    assert [line.split()[-1] for line in merged(logs, 10)] == ["first", "second", "third"]
    assert merged(logs, 1) == ["2026-11-23 10:00:03  x/api    third"]


@pytest.mark.parametrize("deployed", [True, False])
def test_a_namespace_on_its_way_out_is_said(
    cluster: FakeDeployment, deployed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = cluster.route

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if path == "/api/v1/namespaces/users":
            moment = "2026-01-01T00:00:00Z"
            held = {"name": "users", "deletionTimestamp": moment, "finalizers": ["example.org/guard"]}
            return 200, {"metadata": held, "status": {"phase": "Terminating"}}
        if path == "/apis" or path == "/api/v1":
            return 200, {"groups": [], "resources": []}
        return answer(method, path, body) if deployed or "/deployments/" not in path else status(404, "none")

    monkeypatch.setattr(cluster, "route", route)
    told = " ".join(say(cluster)["lines"])
    assert "! Namespace users is being removed since 2026-01-01" in told
    assert "example.org/guard" in told


def test_ages_go_by_the_clusters_clock() -> None:
    """This machine's may be wrong; the stamps are the cluster's."""
    pod: dict[str, Any] = {
        "name": "p",
        "node": "n",
        "created": "2026-11-23T11:59:18Z",
        "leaving": False,
        "current": True,
    }
    assert pod_lines([pod | {"containers": []}], NOW) == ["Pod p  0/0, on n, for 42 s"]
