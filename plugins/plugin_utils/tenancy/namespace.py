"""What holds up a namespace, or an object, that is being removed: which finalizers, of what, since when, what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..ages import age
from ..kube.client import KubeClient
from ..kube.errors import ApiError
from ..objects.inventory import Entry, inventory

Object = dict[str, Any]

# Conditions of a namespace that is being removed which say why it is not gone.
_TOLD = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
_DISCOVERY = _TOLD[0]
_SHOWN = 5
CONTROLLER = (
    "See that the controller which set a finalizer runs: it removes it. If that is gone for good, remove it by hand"
)


def hold_up(client: KubeClient, live: Object) -> str:
    """One line about a namespace that is being removed; empty for any other."""
    since = live["metadata"].get("deletionTimestamp")
    if not since and (live.get("status") or {}).get("phase") != "Terminating":
        return ""
    name = str(live["metadata"]["name"])
    held = [entry for entry in _left(client, name) if entry.metadata.get("finalizers")]
    told = [*(finalizers_of(entry, client) for entry in held[:_SHOWN]), *_own(live), *_conditions(live)]
    more = [f"{len(held) - _SHOWN} objects more"] if len(held) > _SHOWN else []
    why = f", held up by {'; '.join([*told, *more])}" if told else ""
    return f"Namespace {name} is being removed{_since(client, since)}{why}. {_remedy(live, name, held)}"


def finalizers_of(entry: Entry, client: KubeClient) -> str:
    """An object's finalizers, and since when it waits for them."""
    names = ", ".join(entry.metadata.get("finalizers") or [])
    return f"{entry.title} (finalizer {names}{_since(client, entry.metadata.get('deletionTimestamp'))})"


def _left(client: KubeClient, namespace: str) -> list[Entry]:
    try:
        return [entry for entry in inventory(client, namespace).entries if entry.document is not None]
    except ApiError:
        return []


def _own(live: Object) -> list[str]:
    """The namespace's own finalizers; `kubernetes` is the cluster's, which ends with its content."""
    found = [*(live["metadata"].get("finalizers") or []), *((live.get("spec") or {}).get("finalizers") or [])]
    names = [name for name in found if name != "kubernetes"]
    return [f"its own finalizer {', '.join(names)}"] if names else []


def _conditions(live: Object) -> list[str]:
    return [
        f"{one['type']}: {' '.join(str(one.get('message') or one.get('reason') or '').split()).rstrip('.')}"
        for one in _true(live)
    ]


def _true(live: Object) -> list[Object]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return [one for one in conditions if one.get("status") == "True" and one.get("type") in _TOLD]


def _since(client: KubeClient, moment: Any) -> str:
    if not moment:
        return ""
    now = datetime.now(UTC) + timedelta(seconds=client.clock())
    return f" since {str(moment).replace('T', ' ').replace('Z', ' UTC')}, for {age(str(moment), now)}"


def _remedy(live: Object, name: str, held: list[Entry]) -> str:
    if any(one["type"] == _DISCOVERY for one in _true(live)):
        return (
            "Bring back the API that does not respond, or remove its registration (kubectl get apiservices; "
            "kubectl delete apiservice NAME); the rest follows by itself."
        )
    if held:
        return f"{CONTROLLER}: {unhold(name, held[0])}."
    if _own(live):
        return f"{CONTROLLER}: kubectl edit namespace {name}."
    return "Wait until it is gone, then run this again."


def unhold(namespace: str, entry: Entry) -> str:
    """The command that removes an object's finalizers."""
    kind = f"{entry.plural}.{entry.group}" if entry.group else entry.plural
    patch = '{"metadata":{"finalizers":null}}'
    return f"kubectl -n {namespace} patch {kind} {entry.name} --type merge -p '{patch}'"
