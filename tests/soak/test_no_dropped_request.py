"""Steady users through the Ingress, while versions come and go, Pods are deleted and containers are killed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from playbook_runner import Target, kubectl
from releases import Load
from surroundings import Cluster

from containers import container, kill, pods, until

ASKED = ("/users/1=August", "/status", "/users=Linda", "/users/2=Linda")


@pytest.fixture(scope="module")
def target(deployed: Any) -> Target:
    """Three Pods that drain as those of a user do."""
    made: Target = deployed.target
    made.variables |= {"app_replicas": 3, "workload_drain_seconds": 10}
    made.playbook("playbooks/deploy.yml").succeeded()
    return made


def rolled(cluster: Cluster, target: Target) -> bool:
    found = cluster.deployment(target.namespace, "fastapi-mysql")
    assert found is not None
    status = found["status"]
    return status.get("readyReplicas") == status.get("replicas") == status.get("updatedReplicas") == 3


def served_by(cluster: Cluster, target: Target) -> set[str]:
    """The names of the Pods that users are sent to."""
    found = cluster.client.get(f"/api/v1/namespaces/{target.namespace}/endpoints/fastapi-mysql")
    addresses = [one for subset in found.get("subsets") or [] for one in subset.get("addresses") or []]
    return {str(one["targetRef"]["name"]) for one in addresses}


def load() -> dict[str, float]:
    """How busy the machine is."""
    return {"load": round(os.getloadavg()[0], 1)}


def test_ten_rollouts_drop_nothing(target: Target, cluster: Cluster, note: Callable[[str, Any], None]) -> None:
    users = Load(target, *ASKED, rate=220)
    try:
        for number in range(10):
            before = {pod["metadata"]["uid"] for pod in pods(cluster, target.namespace)}
            target.variables["app_api_environment"] = {"ROUND": str(number)}
            target.playbook("playbooks/deploy.yml").succeeded()
            assert not before & {pod["metadata"]["uid"] for pod in pods(cluster, target.namespace)}
    finally:
        got = users.end()
    note("rollouts", {"rollouts": 10, **got, **load()})
    assert got["requests"] >= 10_000 and got["rate"] >= 200, got
    assert got["failed"] == 0, got


def test_a_rotation_drops_nothing(target: Target, cluster: Cluster, note: Callable[[str, Any], None]) -> None:
    before = {pod["metadata"]["uid"] for pod in pods(cluster, target.namespace)}
    # What is given would be kept: here they are made.
    target.variables["app_db_password"] = ""
    users = Load(target, *ASKED, rate=220)
    try:
        target.playbook("playbooks/rotate.yml").succeeded()
    finally:
        got = users.end()
    note("rotation", got)
    assert not before & {pod["metadata"]["uid"] for pod in pods(cluster, target.namespace)}
    assert got["rate"] >= 200 and got["failed"] == 0, got


def test_a_deleted_pod(target: Target, cluster: Cluster, note: Callable[[str, Any], None]) -> None:
    figures = []
    for _ in range(3):
        users = Load(target, *ASKED, rate=220)
        try:
            time.sleep(3)
            name = pods(cluster, target.namespace)[0]["metadata"]["name"]
            kubectl("-n", target.namespace, "delete", "pod", name, "--wait=false")
            time.sleep(16)
            until(lambda: rolled(cluster, target), 60, "three Pods again")
        finally:
            figures.append(users.end() | load())
    note("pod-deleted", figures)
    assert all(got["failed"] == 0 for got in figures), figures


def killed(cluster: Cluster, target: Target, name: str) -> dict[str, float]:
    """Kill a container of the first Pod; after how long it is left out, and ready again."""
    pod = pods(cluster, target.namespace)[0]
    title, restarts = pod["metadata"]["name"], container(pod, name)["restartCount"]
    kill(pod, name)

    def back() -> bool:
        now = next(item for item in pods(cluster, target.namespace) if item["metadata"]["name"] == title)
        state = container(now, name)
        return bool(state["restartCount"] > restarts and state["ready"])

    left = until(lambda: title not in served_by(cluster, target), 20, "the Pod to be left out")
    more = until(lambda: back() and title in served_by(cluster, target), 60, f"{name} again")
    return {"left_after": left, "back_after": round(left + more, 1)}


@pytest.mark.parametrize("name", ["api", "mysql"])
def test_a_killed_container(target: Target, cluster: Cluster, note: Callable[[str, Any], None], name: str) -> None:
    """Requests in its hands are lost, and those sent to it before the cluster has noticed; how many is told."""
    figures = []
    for _ in range(3):
        users, times = Load(target, *ASKED, rate=220), {}
        try:
            time.sleep(3)
            times = killed(cluster, target, name)
            time.sleep(3)
        finally:
            figures.append(users.end() | load() | times)
        # A second crash soon after the first is held back longer by the cluster: wait it out.
        time.sleep(12)
    note(f"{name}-killed", figures)
    # One of three Pods, for a few seconds.
    assert all(got["failed"] < got["requests"] / 3 for got in figures), figures
