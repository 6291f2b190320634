"""A migration: started once, waited for when it runs already, run once more after a failure, and told from its log."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import CausedError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout import migration
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.causes import Rules
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.migration import Migration

from fake_api_server import Reply, serving, status, write_kubeconfig

Object = dict[str, Any]
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "notes-migrate-1", "namespace": "n"},
    "spec": {"activeDeadlineSeconds": 5},
}
JOBS = "/apis/batch/v1/namespaces/n/jobs/notes-migrate-1"
PASSWORD = "correct-horse-battery"


def ended(kind: str, **more: str) -> Object:
    return {"conditions": [{"type": kind, "status": "True", **more}]}


def pod(**state: Object) -> Object:
    container = {"name": "migrate", "image": "an/image"}
    told = {"phase": "Pending", "containerStatuses": [{"name": "migrate", "state": state}]}
    secret = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "notes", "key": "PASSWORD"}}}
    return {
        "metadata": {"name": "notes-migrate-1-x", "namespace": "n", "uid": "1"},
        "spec": {"nodeName": "node", "containers": [container | {"env": [secret]}]},
        "status": told,
    }


class Cluster:
    """Keeps the Job; `becomes` is its status once somebody has started it."""

    def __init__(self, live: Object | None, becomes: Object, pods: list[Object] | None = None) -> None:
        self.live = None if live is None else self._made(live)
        self.becomes, self.pods = becomes, pods or []
        self.log, self.did = "", list[str]()

    def _made(self, state: Object) -> Object:
        return JOB | {"metadata": JOB["metadata"] | {"uid": "a-uid"}, "status": state}

    def route(self, method: str, path: str, body: Object) -> Reply:
        path = path.partition("?")[0]
        if path == JOBS and method == "DELETE":
            self.did.append("deleted")
            self.live = None
            return 200, {}
        if path == JOBS and method == "PATCH":
            self.did.append("started")
            self.live = self._made(self.becomes)
            return 200, self.live
        if path == JOBS:
            return (200, self.live) if self.live else status(404, "no")
        if path.endswith("/log"):
            return 200, self.log
        if path.endswith("/pods"):
            return 200, {"items": self.pods}
        if path.endswith("/secrets/notes"):
            return 200, {"data": {"PASSWORD": base64.b64encode(PASSWORD.encode()).decode()}}
        return (200, {"items": []}) if method == "GET" else status(405, "no")


@pytest.fixture
def migrate(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Cluster], bool]:
    monkeypatch.setattr(migration, "PAUSE_SECONDS", 0.05)
    said: list[str] = []

    @contextmanager
    def connected(cluster: Cluster) -> Iterator[KubeClient]:
        with serving(cluster.route) as url, KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, url)) as client:
            yield client

    def run(cluster: Cluster) -> bool:
        with connected(cluster) as client:
            return Migration(client, "notes", JOB, said.append, Rules(patience=0.1)).run()

    return run


def test_it_is_started_and_waited_for(migrate: Callable[[Cluster], bool]) -> None:
    cluster = Cluster(None, ended("Complete"))
    assert migrate(cluster) is True
    assert cluster.did == ["started"]


def test_one_that_runs_is_waited_for_and_not_started_twice(migrate: Callable[[Cluster], bool]) -> None:
    cluster = Cluster({}, {})
    cluster.live = cluster._made(ended("Complete"))
    assert migrate(cluster) is False
    assert cluster.did == []


def test_one_that_has_failed_is_run_once_more(migrate: Callable[[Cluster], bool]) -> None:
    cluster = Cluster(ended("Failed"), ended("Complete"))
    assert migrate(cluster) is True
    assert cluster.did == ["deleted", "started"]


def test_why_it_failed_is_told_with_the_end_of_its_log_and_no_secret(migrate: Callable[[Cluster], bool]) -> None:
    cluster = Cluster(None, ended("Failed", reason="BackoffLimitExceeded", message="it has failed"), [pod()])
    cluster.log = f"first\nlogging in with {PASSWORD}\nno such column: who\n"
    with pytest.raises(CausedError, match=r"MigrationFailed: it has failed; .*no such column: who.*rolled out") as told:
        migrate(cluster)
    assert PASSWORD not in str(told.value)
    assert told.value.cause.pod == "notes-migrate-1-x"
    # It is there to be looked at.
    assert cluster.did == ["started"]


def test_one_that_hangs_names_the_variable_of_its_time(migrate: Callable[[Cluster], bool]) -> None:
    with pytest.raises(CausedError, match=r"did not end within 5 s \(app_migrate_timeout\)"):
        migrate(Cluster(None, ended("Failed", reason="DeadlineExceeded")))


def test_one_that_can_never_start_is_given_up_and_removed(migrate: Callable[[Cluster], bool]) -> None:
    waiting = {"reason": "InvalidImageName", "message": "couldn't parse image reference"}
    cluster = Cluster(None, {}, [pod(waiting=waiting)])
    with pytest.raises(CausedError, match="ImageNameInvalid"):
        migrate(cluster)
    assert cluster.did == ["started", "deleted"]


def test_one_that_somebody_removes_is_not_taken_for_done(migrate: Callable[[Cluster], bool]) -> None:
    cluster = Cluster(None, {})
    route = cluster.route

    def removing(method: str, path: str, body: Object) -> Reply:
        reply = route(method, path, body)
        if method == "PATCH":
            cluster.live = None
        return reply

    cluster.route = removing  # a method of this one cluster
    with pytest.raises(KubeError, match="was removed while it was running"):
        migrate(cluster)
