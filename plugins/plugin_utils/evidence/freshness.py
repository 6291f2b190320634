"""Whether the newest evidence is still true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kube.client import KubeClient
from ..objects.autoscalers import scalers
from ..objects.routes import find_route
from .names import Names, identity
from .verdict import PASSED

Object = dict[str, Any]


def still_true(before: Object, client: KubeClient, arguments: Mapping[str, Any]) -> bool:
    """Whether that evidence is still true: the same objects are wanted, at the same URL, and all was well.

    `arguments` are those of the action `evidence`; of them, name, namespace, base_url and host count.
    """
    names = Names(arguments["namespace"], arguments["name"])
    found = [client.find(names.path(plural, names.name)) for plural in ("deployments", "services")]
    found.append(find_route(client, names.namespace, names.name))
    same = (
        before["meta"]["base_url"] == arguments["base_url"].rstrip("/") and before["meta"]["host"] == arguments["host"]
    )
    if not same or before["verdict"] != PASSED:
        return False
    return bool(before["identity"] == identity(*found, autoscalers=scalers(client, names.namespace)))
