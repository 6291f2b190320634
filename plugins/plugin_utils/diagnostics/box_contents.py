"""What goes into a black box, as far as it is a matter of objects and texts: what is kept of them, and what is told."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ..kube.errors import one_line
from ..redaction.mask import HIDDEN
from ..redaction.pod_secrets import HARMLESS
from ..rollout.view import Container, containers, event_time

Object = dict[str, Any]

_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)


def bare(item: Object) -> Object:
    """An object without noise, and without the values of variables."""
    kept = deepcopy(item)
    metadata = kept.get("metadata") or {}
    metadata.pop("managedFields", None)
    for name in _NOISE:
        (metadata.get("annotations") or {}).pop(name, None)
    template = (kept.get("spec") or {}).get("template") or {}
    for spec in (kept.get("spec") or {}, template.get("spec") or {}):
        for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
            for variable in container.get("env") or []:
                if variable.get("value") and str(variable.get("name")).upper() not in HARMLESS:
                    variable["value"] = HIDDEN
    return kept


def state(container: Container) -> str:
    """How a container is, in a few words."""
    if container.running_since:
        now = "runs, ready" if container.ready else "runs, not ready"
    elif container.waiting:
        now = f"waits: {container.waiting.get('reason')}"
    else:
        now = "has ended"
    last = container.last_end
    end = f"; ended {container.ends} times, last with {last.get('exitCode')} ({last.get('reason')})" if last else ""
    return now + end


def pod_rows(pods: list[Object]) -> list[str]:
    """A line for each container, as a table."""
    rows = ["| Pod | container | image | state |", "|---|---|---|---|"]
    for pod in sorted(pods, key=lambda item: str(item["metadata"]["name"])):
        name = str(pod["metadata"]["name"]) + (" (leaving)" if pod["metadata"].get("deletionTimestamp") else "")
        rows += [f"| {name} | {one.name} | `{one.image}` | {state(one)} |" for one in containers(pod)]
        if not containers(pod):
            status = pod.get("status") or {}
            said = next((one.get("message") for one in status.get("conditions") or [] if one.get("message")), "")
            rows.append(f"| {name} | | | {status.get('phase')}: {one_line(str(said), 200)} |")
    return rows


def event_lines(events: list[Object]) -> list[str]:
    """Events, oldest first, one a line."""
    return [
        f"{event.get('lastTimestamp') or event.get('eventTime') or '':20} {event.get('type', ''):7} "
        f"{event.get('reason', ''):20} {(event.get('involvedObject') or {}).get('kind', '')}/"
        f"{(event.get('involvedObject') or {}).get('name', '')} (x{event.get('count') or 1}) "
        f"{one_line(str(event.get('message') or ''))}"
        for event in sorted(events, key=event_time)
    ]
