"""The lock of a target, as the steps of a run hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .kube.client import KubeClient
from .objects.labels import labels
from .release.lease import Holder, Lock, myself

# Documented by the fragment `lock`.
LOCK_ARGUMENTS: dict[str, dict[str, Any]] = {
    "lock": {
        "type": "dict",
        "options": {"id": {"type": "str", "required": True}, "seconds": {"type": "int", "required": True}},
    },
}


def lock_of(client: KubeClient, namespace: str, name: str) -> Lock:
    """The lock of a target."""
    return Lock(client, namespace, name, labels(name, "lock"))


def this_run(identity: str = "") -> Holder:
    """The run as a holder: tasks run in a process of their own each, and it is their parent."""
    return myself(os.getppid(), identity)


def hold_on(client: KubeClient, arguments: Mapping[str, Any]) -> None:
    """Renew the lock, where the step was given it. Raises LostError when it is somebody else's by now."""
    if given := arguments["lock"]:
        lock_of(client, arguments["namespace"], arguments["name"]).renew(this_run(given["id"]), given["seconds"])
