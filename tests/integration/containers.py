"""Kill what runs in a container, as a fault of the machine would."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from surroundings import Cluster

Object = dict[str, Any]


def pods(cluster: Cluster, namespace: str) -> list[Object]:
    """The Pods that are not going, by name."""
    items = cluster.client.get(f"/api/v1/namespaces/{namespace}/pods").get("items") or []
    return sorted(
        (item for item in items if not item["metadata"].get("deletionTimestamp")),
        key=lambda item: str(item["metadata"]["name"]),
    )


def container(pod: Object, name: str) -> Object:
    """A container's status."""
    found: Object = next(item for item in pod["status"].get("containerStatuses") or [] if item["name"] == name)
    return found


def processes(pod: Object, name: str) -> list[int]:
    """The processes of a container, as this machine numbers them."""
    identity = str(container(pod, name).get("containerID", "")).rpartition("/")[2]
    assert identity
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if identity in (folder / "cgroup").read_text(encoding="ascii"):
                found.append(int(folder.name))
        except OSError:
            continue
    return sorted(found)


def kill(pod: Object, name: str) -> None:
    """End all of a container's processes at once."""
    ids = processes(pod, name)
    assert ids, f"{pod['metadata']['name']}: nothing runs in {name}"
    for one in ids:
        os.kill(one, signal.SIGKILL)


def until(condition: Callable[[], bool], timeout: float, what: str) -> float:
    """Wait; how long it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < timeout, f"{what}: not within {timeout} s"
        time.sleep(0.2)
    return round(time.monotonic() - started, 1)
