"""What the containers of a Deployment have said, and what of it must not be shown."""

from __future__ import annotations

from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, KubeError
from ..redaction.hidden_values import hidden_values
from .cluster import items, selector_of
from .names import Names

Object = dict[str, Any]
# Pod and container.
Place = tuple[str, str]


def deployed(client: KubeClient, names: Names) -> Object:
    """The Deployment. Raises KubeError where there is none."""
    deployment = client.find(names.path("deployments", names.name))
    if deployment is None:
        raise KubeError(
            f"Deployment {names.name} is not in namespace {names.namespace}: deploy it first (make deploy)."
        )
    return deployment


def pods_of(client: KubeClient, names: Names, deployment: Object) -> list[Object]:
    """Its Pods. Raises KubeError where there is none."""
    pods = items(client, names.path("pods"), selector_of(deployment))
    if not pods:
        raise KubeError(f"Deployment {names.name} in namespace {names.namespace} has no Pod: make status shows why.")
    return pods


def secrets_of(client: KubeClient, names: Names, pods: list[Object]) -> list[str]:
    """What is to be hidden of these Pods. Raises KubeError where it is not known: then nothing may be shown."""
    hidden = hidden_values(client, names.namespace, names.name, [pod["spec"] for pod in pods])
    if hidden.unread:
        raise KubeError(f"Nothing is printed, for it may hold what must not be shown: {hidden.unread}.")
    return hidden.values


def last_lines(
    client: KubeClient, names: Names, pods: list[Object], container: str, tail: int, previous: bool = False
) -> dict[Place, str]:
    """Each container's last lines, with their times; empty is any container. Raises KubeError for one that none has."""
    places = [(str(pod["metadata"]["name"]), str(one["name"])) for pod in pods for one in pod["spec"]["containers"]]
    chosen = [place for place in places if container in ("", place[1])]
    if not chosen:
        there = " and ".join(sorted({name for _, name in places}))
        raise KubeError(f"No Pod of {names.name} has a container {container}, but {there} (logs_container).")
    return {place: _read(client, names, place, tail, previous) for place in chosen}


def _read(client: KubeClient, names: Names, place: Place, tail: int, previous: bool) -> str:
    """One container's last lines; none when it has not started."""
    query = {"container": place[1], "timestamps": "true", "tailLines": str(tail)}
    if previous:
        query["previous"] = "true"
    try:
        return client.text(f"{names.path('pods', place[0])}/log", **query)
    except ApiError as error:
        if error.status in (400, 404):
            return ""
        raise


def source(pod: str, container: str) -> str:
    """Where a line is from, short."""
    return f"{pod.rpartition('-')[2]}/{container}"
