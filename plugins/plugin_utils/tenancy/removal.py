"""Delete the objects that were looked at, none of the same name that came later, and wait until each is gone."""

from __future__ import annotations

import time
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, KubeError
from ..objects.inventory import Entry
from .namespace import CONTROLLER, finalizers_of, hold_up, unhold

Object = dict[str, Any]

SLEEP = 0.5
# The cluster's own: what belongs to the object is deleted before it.
FOREGROUND = "foregroundDeletion"


class RemovalError(KubeError):
    """An object was not removed, or is not gone in time."""


def title(item: Object) -> str:
    """Kind and name, for people."""
    return f"{item['kind']} {item['metadata']['name']}"


def remove(client: KubeClient, objects: list[Object], timeout: float, dry: bool = False) -> list[str]:
    """Delete one after the other, each when the one before is gone; what was removed, for people."""
    return [title(item) for item in objects if _removed(client, item, timeout, dry)]


def _removed(client: KubeClient, item: Object, timeout: float, dry: bool) -> bool:
    path = client.path_of(item)
    live = client.find(path)
    if live is None:
        return False
    uid = str(live["metadata"].get("uid") or "")
    if (looked_at := item["metadata"].get("uid") or uid) != uid:
        raise RemovalError(f"{title(item)} is not the one that was looked at: somebody has made it again. Look again.")
    if not dry:
        if not live["metadata"].get("deletionTimestamp"):
            _delete(client, path, looked_at, item)
        _wait(client, path, looked_at, item, timeout)
    return True


def _delete(client: KubeClient, path: str, uid: str, item: Object) -> None:
    options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
    try:
        client.request("DELETE", path, body=options | {"preconditions": {"uid": uid}})
    except ApiError as error:
        if error.status == 409:
            raise RemovalError(
                f"{title(item)} was not removed, for it has changed: {error.message}. Look again."
            ) from error
        if error.status != 404:
            raise


def _wait(client: KubeClient, path: str, uid: str, item: Object, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        live = client.find(path)
        if live is None or str(live["metadata"].get("uid") or "") != uid:
            return
        if time.monotonic() > deadline:
            raise RemovalError(_held(client, path, item | live, timeout))
        time.sleep(SLEEP)


def _held(client: KubeClient, path: str, live: Object, timeout: float) -> str:
    """Why an object is still there."""
    late = f"{title(live)} is not gone after {timeout:g} s"
    if live["kind"] == "Namespace":
        return f"{late}. {hold_up(client, live) or 'Look at it again.'}"
    metadata = live["metadata"]
    names = [name for name in metadata.get("finalizers") or [] if name != FOREGROUND]
    namespace = metadata.get("namespace", "")
    if not names:
        return f"{late}: what belongs to it has not ended. Look at it: kubectl -n {namespace} get all,events"
    entry = Entry(str(live["apiVersion"]).rpartition("/")[0], live["kind"], path.split("/")[-2], live)
    return f"{late}: {finalizers_of(entry, client)}. {CONTROLLER}: {unhold(namespace, entry)}."
