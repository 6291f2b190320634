"""What goes into a black box, as far as it is a matter of objects and texts: what is kept of them, and what is told."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from .kube_errors import one_line
from .mask import HIDDEN
from .rollout_view import Container, containers, event_time

Object = dict[str, Any]

# Names of variables whose values everybody may know, and that are words of every log.
HARMLESS = {
    "API_PORT",
    "MYSQL_HOST",
    "MYSQL_PORT",
    "MYSQL_TCP_PORT",
    "MYSQL_USER",
    "MYSQL_DATABASE",
    "MYSQL_BIND_ADDRESS",
}
# A shorter value of a variable that does not sound secret is a word like "true" or "debug".
TELLING = 8
_SECRET_NAMES = ("PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "PRIVATE", "SALT")
_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)


def secret_names(pod_spec: Object) -> set[str]:
    """The Secrets that a Pod uses."""
    found: set[str] = set()
    for container in [*(pod_spec.get("initContainers") or []), *(pod_spec.get("containers") or [])]:
        references = [(item.get("valueFrom") or {}).get("secretKeyRef") for item in container.get("env") or []]
        references += [item.get("secretRef") for item in container.get("envFrom") or []]
        found |= {str(item["name"]) for item in references if item}
    return found | {
        str(item["secret"].get("secretName")) for item in pod_spec.get("volumes") or [] if item.get("secret")
    }


def secret_values(secret: Object) -> Iterator[str]:
    """What a Secret holds, in clear: to hide it, and for nothing else."""
    for text in (secret.get("data") or {}).values():
        try:
            yield base64.b64decode(str(text)).decode()
        except (binascii.Error, UnicodeDecodeError):
            # No text: a log could only show it encoded.
            yield str(text)


def environment_values(pod_spec: Object) -> Iterator[str]:
    """The values of a Pod's variables that must not be read in a log."""
    for container in [*(pod_spec.get("initContainers") or []), *(pod_spec.get("containers") or [])]:
        for item in container.get("env") or []:
            name, value = str(item.get("name", "")).upper(), str(item.get("value") or "")
            secret = any(part in name for part in _SECRET_NAMES)
            if value and name not in HARMLESS and (secret or len(value) >= TELLING):
                yield value


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
