"""Judge a Deployment's rollout from what the API server says: done, under way, or hopeless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .kube_errors import one_line

Object = dict[str, Any]

# Waiting reasons that time alone does not mend.
HOPELESS = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}
# One restart may be a slow neighbour, several are a fault.
CRASHES = 3


@dataclass(frozen=True)
class Trouble:
    """Why a container or the Deployment does not come up."""

    key: str
    text: str
    at_once: bool = False
    pod: str = ""
    container: str = ""
    crashed: bool = False


def unfinished(deployment: Object) -> str:
    """What the rollout still waits for, in words; empty when it is complete."""
    wanted = int(deployment["spec"].get("replicas", 1))
    status = deployment.get("status") or {}
    if deployment["spec"].get("paused"):
        return "the Deployment is paused: kubectl rollout resume"
    if int(status.get("observedGeneration", 0)) < int(deployment["metadata"].get("generation", 0)):
        return "the cluster to notice the new version"
    updated = int(status.get("updatedReplicas", 0))
    if updated < wanted:
        return f"new Pods: {updated} of {wanted} started"
    if int(status.get("replicas", 0)) > updated:
        return f"old Pods to go: {int(status['replicas']) - updated} left"
    ready = min(int(status.get("readyReplicas", 0)), int(status.get("availableReplicas", 0)))
    if ready < wanted:
        return f"ready Pods: {ready} of {wanted}"
    return ""


def progress_line(deployment: Object) -> str:
    """The counters on one line, to be shown whenever they change."""
    status = deployment.get("status") or {}
    wanted = int(deployment["spec"].get("replicas", 1))
    return (
        f"{deployment['metadata']['name']}: {status.get('updatedReplicas', 0)}/{wanted} new, "
        f"{status.get('readyReplicas', 0)}/{wanted} ready, {status.get('replicas', 0)} in all"
    )


def current_hash(deployment: Object, replica_sets: list[Object]) -> str:
    """The pod-template-hash of the Deployment's newest version; empty when not known yet."""
    revision = _annotation(deployment)
    for replica_set in replica_sets:
        owners = replica_set["metadata"].get("ownerReferences") or []
        ours = any(owner.get("uid") == deployment["metadata"].get("uid") for owner in owners)
        if ours and revision and _annotation(replica_set) == revision:
            return str(replica_set["metadata"].get("labels", {}).get("pod-template-hash", ""))
    return ""


def _annotation(item: Object) -> str:
    return str((item["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", ""))


def troubles(deployment: Object, pods: list[Object]) -> list[Trouble]:
    """Everything that keeps the newest Pods from coming up, as far as the cluster says."""
    found: list[Trouble] = []
    for condition in (deployment.get("status") or {}).get("conditions") or []:
        text = one_line(f"{condition.get('reason')}: {condition.get('message')}")
        name = f"Deployment {deployment['metadata']['name']}"
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            found.append(Trouble("replica-failure", f"{name}: {text}"))
    for pod in pods:
        found.extend(_pod_troubles(pod))
    return found


def _pod_troubles(pod: Object) -> list[Trouble]:
    status = pod.get("status") or {}
    name = str(pod["metadata"]["name"])
    found: list[Trouble] = []
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason", ""))
        key = f"{name}/{container['name']}"
        text = f"Pod {name}, container {container['name']}: {reason}"
        if reason in HOPELESS:
            detail = one_line(str(waiting.get("message") or ""))
            found.append(Trouble(key, f"{text}: {detail}" if detail else text, reason == "InvalidImageName", name))
        elif reason == "CrashLoopBackOff" and int(container.get("restartCount", 0)) >= CRASHES:
            last = (container.get("lastState") or {}).get("terminated") or {}
            detail = f"ended {container['restartCount']} times, last with exit code {last.get('exitCode')}"
            detail += f" ({last['reason']})" if last.get("reason") not in (None, "Error") else ""
            said = one_line(str(last.get("message") or ""))
            detail += f": {said}" if said else ""
            found.append(Trouble(key, f"{text}: {detail}", True, name, str(container["name"]), True))
    return found


def longest_message(events: list[Object]) -> str:
    """The event that says most: "Failed to pull image …: not found" rather than "Error: ErrImagePull"."""
    return max((str(event.get("message") or "") for event in events), key=len, default="")


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
