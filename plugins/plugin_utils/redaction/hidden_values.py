"""What must be hidden before a log is shown: the values of the Secrets that Pods use, and of those that they used."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import KubeError, one_line
from ..release.revision_store import Store
from .mask import Mask
from .pod_secrets import environment_values, secret_names, secret_values

Object = dict[str, Any]


@dataclass(frozen=True)
class Hidden:
    """The values, and why they are not all: then no log may be shown."""

    values: list[str] = field(default_factory=list)
    unread: str = ""


def hidden_values(client: KubeClient, namespace: str, name: str, specs: list[Object]) -> Hidden:
    """Read the Secrets of these Pods and those of the kept revisions, only to know what must not be shown.

    A container keeps the values that it was started with: after a rotation they are in the kept revisions alone. Not
    everybody may read those; a Secret that a Pod uses has to be read.
    """
    used = set[str]().union(*map(secret_names, specs))
    values = [value for spec in specs for value in environment_values(spec)]
    unread = ""
    for one in sorted(used | {name}):
        try:
            values += secret_values(client.get(f"/api/v1/namespaces/{namespace}/secrets/{one}"))
        except KubeError as error:
            unread = f"the Secret {one} cannot be read ({one_line(str(error), 200)})" if one in used else unread
    with suppress(KubeError):
        values += kept_values(client, namespace, name)
    return Hidden(values, unread)


def without_secrets(client: KubeClient, namespace: str, name: str, specs: list[Object], words: str) -> str:
    """The words of these Pods without what their Secrets hold; none of them where those cannot be read."""
    hidden = hidden_values(client, namespace, name, specs)
    return f"(not shown: {hidden.unread})" if hidden.unread else Mask(hidden.values)(words)


def kept_values(client: KubeClient, namespace: str, name: str) -> Iterable[str]:
    """The values of the Secrets in the kept revisions."""
    kept = [item for revision in Store(client, namespace, name).kept() for item in revision.objects]
    return [value for item in kept if item.get("kind") == "Secret" for value in secret_values(item)]
