"""Judging rollouts: states as a real cluster reported them, cut to what matters."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects import deployments as rollout

DONE = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
REVISION = {"deployment.kubernetes.io/revision": "2"}


def deployment(paused: bool = False, **counters: int) -> dict[str, Any]:
    """A Deployment of three in its second generation."""
    return {
        "metadata": {"name": "d", "uid": "u", "generation": 2, "annotations": REVISION, "resourceVersion": "7"},
        "spec": {"replicas": 3, "paused": paused, "selector": {"matchLabels": {"app": "d"}}},
        "status": DONE | counters,
    }


def pod(name: str = "p", template: str = "new", **container: Any) -> dict[str, Any]:
    """A Pod with one container in a certain state."""
    state = {"name": "api", "ready": False, "restartCount": 0} | container
    return {
        "metadata": {"name": name, "labels": {"pod-template-hash": template}},
        "spec": {"containers": [{"name": "api"}], "nodeName": "node"},
        "status": {"containerStatuses": [state], "startTime": "2026-01-01T00:00:00Z"},
    }


@pytest.mark.parametrize(
    ("item", "lacking"),
    [
        (deployment(), ""),
        (deployment(paused=True), "paused"),
        (deployment(observedGeneration=1), "notice the new version"),
        (deployment(updatedReplicas=1), "new Pods: 1 of 3"),
        (deployment(replicas=4), "old Pods to go: 1"),
        (deployment(readyReplicas=2), "ready Pods: 2 of 3"),
        (deployment(availableReplicas=1), "ready Pods: 1 of 3"),
    ],
)
def test_what_is_lacking(item: dict[str, Any], lacking: str) -> None:
    assert (lacking in rollout.unfinished(item)) if lacking else rollout.unfinished(item) == ""


def test_the_newest_version_is_told_by_its_revision() -> None:
    sets = [
        {
            "metadata": {
                "annotations": {"deployment.kubernetes.io/revision": number},
                "labels": {"pod-template-hash": name},
                "ownerReferences": [{"uid": "u"}],
            }
        }
        for number, name in (("1", "old"), ("2", "new"))
    ]
    assert rollout.current_hash(deployment(), sets) == "new"
    assert rollout.current_hash(deployment(), sets[:1]) == ""


def test_the_deadline_tells_of_pods_that_no_node_takes() -> None:
    item = pod()
    item["status"] = {
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/1 nodes: Insufficient cpu",
            }
        ]
    }
    assert rollout.not_ready([item]) == "Pod p (Unschedulable: 0/1 nodes: Insufficient cpu)"


def test_the_list_for_printing() -> None:
    listed = rollout.pod_summary([pod("b"), pod("a", ready=True)])
    assert [(item["name"], item["ready"]) for item in listed] == [("a", "1/1"), ("b", "0/1")]
