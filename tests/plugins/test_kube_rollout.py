"""Judging rollouts: states as a real cluster reported them, cut to what matters."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.rollout_wait import Rollout
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils import (
    kube_rollout as rollout,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_client import (
    KubeClient,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_config import (
    Cluster,
    Credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_errors import (
    KubeError,
)

from fake_api_server import Reply, serving, status

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


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """The state of a container that waits."""
    return {"state": {"waiting": {"reason": reason, "message": message}}}


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


def test_hopeless_states_name_pod_container_reason_and_message() -> None:
    found = rollout.troubles(deployment(), [pod(**waiting("ImagePullBackOff", 'Back-off pulling "x"'))])
    assert [item.text for item in found] == ['Pod p, container api: ImagePullBackOff: Back-off pulling "x"']


def test_crashes_count_only_when_repeated() -> None:
    last: dict[str, Any] = {"lastState": {"terminated": {"exitCode": 1, "reason": "OOMKilled"}}}
    once = pod(restartCount=1, **waiting("CrashLoopBackOff"), **last)
    often = pod(restartCount=3, **waiting("CrashLoopBackOff"), **last)
    assert rollout.troubles(deployment(), [once]) == []
    assert "ended 3 times, last with exit code 1 (OOMKilled)" in rollout.troubles(deployment(), [often])[0].text


def test_a_pod_that_starts_is_no_trouble() -> None:
    assert rollout.troubles(deployment(), [pod(**waiting("ContainerCreating"))]) == []


def test_replica_failure_is_trouble() -> None:
    item = deployment()
    item["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    ]
    assert rollout.troubles(item, [])[0].text == "Deployment d: FailedCreate: exceeded quota"


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


def frozen(item: dict[str, Any], pods: list[dict[str, Any]]) -> Any:
    """An API server whose state never changes, and that allows no watch."""

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if "watch=true" in path:
            return status(403, "no watch")
        if "/pods/" in path and "/log" in path:
            return 200, {"log": "Traceback: it broke"}
        if "/pods" in path:
            return 200, {"items": pods}
        if "/replicasets" in path:
            owner = {"annotations": REVISION, "labels": {"pod-template-hash": "new"}, "ownerReferences": [{"uid": "u"}]}
            return 200, {"items": [{"metadata": owner}]}
        return 200, item

    return route


def watched(server: str) -> Rollout:
    """The rollout of `d` on the stand-in."""
    return Rollout(KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=2), "n", "d")


def test_waiting_ends_at_once_when_all_is_well() -> None:
    with serving(frozen(deployment(), [pod(ready=True)])) as server:
        assert watched(server).wait(0)[0]["ready"] == "1/1"


def test_waiting_ends_early_when_it_is_hopeless() -> None:
    pods = [pod("old", "old", **waiting("InvalidImageName")), pod(restartCount=5, **waiting("CrashLoopBackOff"))]
    with serving(frozen(deployment(readyReplicas=2), pods)) as server, pytest.raises(KubeError) as error:
        watched(server).wait(60)
    assert "Pod p, container api: CrashLoopBackOff: ended 5 times" in str(error.value)
    assert "it broke" in str(error.value)
    assert "Pod old" not in str(error.value)


def test_waiting_ends_at_the_deadline() -> None:
    with serving(frozen(deployment(readyReplicas=2), [pod()])) as server, pytest.raises(KubeError) as error:
        watched(server).wait(1)
    assert "not rolled out within 1 s; still waiting for ready Pods: 2 of 3. Pod p (container api not ready)" in str(
        error.value
    )


def test_trouble_must_last() -> None:
    rolling = Rollout(KubeClient(Cluster("http://127.0.0.1:1", "here", "/k", Credentials())), "n", "d")
    trouble = rollout.Trouble("p/api", "ErrImagePull")
    rolling.give_up_if_hopeless([trouble])
    rolling.since["p/api"] -= 60
    with pytest.raises(KubeError, match="cannot come up: ErrImagePull"):
        rolling.give_up_if_hopeless([trouble])
    rolling.give_up_if_hopeless([])
    rolling.give_up_if_hopeless([trouble])
