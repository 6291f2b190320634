"""How far the rollout of a Deployment or a StatefulSet is, from what the API server says."""

from __future__ import annotations

from typing import Any

from ..kube.errors import one_line

Object = dict[str, Any]


def is_stateful(item: Object) -> bool:
    """Whether it is a StatefulSet: the items of a list do not say what they are."""
    return "serviceName" in item["spec"]


def unfinished(deployment: Object) -> str:
    """What the rollout still waits for, in words; empty when it is complete."""
    wanted = int(deployment["spec"].get("replicas", 1))
    status = deployment.get("status") or {}
    if deployment["spec"].get("paused"):
        return "the Deployment is paused: kubectl rollout resume"
    if int(status.get("observedGeneration", 0)) < int(deployment["metadata"].get("generation", 0)):
        return "the cluster to notice the new version"
    updated = _updated(deployment)
    if updated < wanted:
        return f"new Pods: {updated} of {wanted} started"
    if int(status.get("replicas", 0)) > updated:
        return f"old Pods to go: {int(status['replicas']) - updated} left"
    ready = int(status.get("readyReplicas", 0))
    if not is_stateful(deployment):
        # Of a StatefulSet this is counted from Kubernetes 1.22 on.
        ready = min(ready, int(status.get("availableReplicas", 0)))
    if ready < wanted:
        return f"ready Pods: {ready} of {wanted}"
    return ""


def _updated(item: Object) -> int:
    """The Pods of the newest version; a StatefulSet that is through with it counts them as the current ones only."""
    status = item.get("status") or {}
    through = is_stateful(item) and status.get("updateRevision") == status.get("currentRevision")
    return int(status.get("currentReplicas" if through else "updatedReplicas", 0))


def progress_line(deployment: Object) -> str:
    """The counters on one line, to be shown whenever they change."""
    status = deployment.get("status") or {}
    wanted = int(deployment["spec"].get("replicas", 1))
    return (
        f"{deployment['metadata']['name']}: {_updated(deployment)}/{wanted} new, "
        f"{status.get('readyReplicas', 0)}/{wanted} ready, {status.get('replicas', 0)} in all"
    )


def current_hash(deployment: Object, replica_sets: list[Object]) -> str:
    """What the Pods of the newest version are known by, by `of_version`; empty when not known yet."""
    if is_stateful(deployment):
        return str((deployment.get("status") or {}).get("updateRevision", ""))
    revision = _annotation(deployment)
    for replica_set in replica_sets:
        owners = replica_set["metadata"].get("ownerReferences") or []
        ours = any(owner.get("uid") == deployment["metadata"].get("uid") for owner in owners)
        if ours and revision and _annotation(replica_set) == revision:
            return str(replica_set["metadata"].get("labels", {}).get("pod-template-hash", ""))
    return ""


def of_version(pods: list[Object], deployment: Object, version: str) -> list[Object]:
    """Those of the Pods that are of a version, as `current_hash` has it; none where it is not known."""
    label = "controller-revision-hash" if is_stateful(deployment) else "pod-template-hash"
    return [pod for pod in pods if version and (pod["metadata"].get("labels") or {}).get(label) == version]


def _annotation(item: Object) -> str:
    return str((item["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", ""))


def not_ready(pods: list[Object]) -> str:
    """For the deadline: each Pod that is not ready, and what the cluster says about it."""
    parts = []
    for pod in pods:
        status = pod.get("status") or {}
        lacking = [c["name"] for c in status.get("containerStatuses") or [] if not c.get("ready")]
        reasons = [
            f"{c.get('reason')}: {one_line(str(c.get('message')), 200)}"
            for c in status.get("conditions") or []
            if c.get("type") == "PodScheduled" and c.get("status") == "False"
        ]
        if lacking or reasons:
            what = ", ".join([f"container {item} not ready" for item in lacking] + reasons)
            parts.append(f"Pod {pod['metadata']['name']} ({what})")
    return "; ".join(parts)


def pod_summary(pods: list[Object]) -> list[dict[str, str]]:
    """A short list for printing: name, ready containers, node, restarts and start."""
    listed = []
    for pod in sorted(pods, key=lambda item: str(item["metadata"]["name"])):
        status = pod.get("status") or {}
        containers = status.get("containerStatuses") or []
        listed.append(
            {
                "name": str(pod["metadata"]["name"]),
                "ready": f"{sum(bool(c.get('ready')) for c in containers)}/{len(pod['spec']['containers'])}",
                "node": str(pod["spec"].get("nodeName", "")),
                "restarts": str(sum(int(c.get("restartCount", 0)) for c in containers)),
                "started": str(status.get("startTime", "")),
            }
        )
    return listed


def standing(pods: list[Object]) -> list[Object]:
    """The Pods that are not on their way out."""
    return [
        pod
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and (pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded")
    ]
