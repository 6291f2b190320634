"""A stand-in for an API server that applies: it records who has set which field, as a current Kubernetes does.

By https://kubernetes.io/docs/reference/using-api/server-side-apply/: an apply owns what it names and takes away what it
no longer names and nobody else owns; an update owns what it changes; the scale subresource and webhooks are updates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fake_api_server import Reply
from fake_objects import Object, Objects

Path = tuple[str, ...]
# The lists that are merged item by item, and by what; all others are one value, as are selectors.
KEYS = {
    "containers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("port",),
}
BOOKKEEPING = ("managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "name", "namespace")


class Applying(Objects):
    """Objects with a record of their managers; what a policy says of an object (nothing: it may pass) comes first."""

    def __init__(self, *objects: tuple[str, Object]) -> None:
        super().__init__(*objects)
        self.policy: Callable[[str, Object], Reply | None] = lambda method, body: None

    def route(self, method: str, target: str, body: Object) -> Reply:
        """Answer as an API server would."""
        url = urlsplit(target)
        query = parse_qs(url.query)
        found = self.kept.get(url.path)
        if method == "PATCH" and "force" in query:
            made = applied(found, body, query["fieldManager"][0])
            refused = self.policy(method, made) or (fixed(found, made) if found else None)
            if refused or "dryRun" in query:
                return refused or (200, made)
            return 200, self.put(url.path, made)
        if method in ("POST", "PUT"):
            refused = self.policy(method, body) or (fixed(found, body) if method == "PUT" and found else None)
            if refused:
                return refused
        return super().route(method, target, body)

    def put(self, path: str, item: Object) -> Object:
        """Store an object; one that is there keeps its uid."""
        uid = self.kept.get(path, {}).get("metadata", {}).get("uid")
        kept = self.add(path.rpartition("/")[0], item)
        if uid:
            kept["metadata"]["uid"] = uid
        return kept

    def apply(self, collection: str, item: Object, manager: str) -> None:
        """A server-side apply that wins every conflict."""
        path = f"{collection}/{item['metadata']['name']}"
        self.put(path, applied(self.kept.get(path), item, manager))

    def edit(self, path: str, manager: str, change: Callable[[Object], Any]) -> None:
        """What an update makes of an object; without a manager's name it is the server that does it."""
        made = deepcopy(self.kept[path])
        change(made)
        before, after = dict(leaves(self.kept[path])), dict(leaves(made))
        changed = {one for one in {*before, *after} if before.get(one) != after.get(one)}
        entries = owners(made)
        for name in entries:
            entries[name] -= changed
        if manager:
            entries.setdefault((manager, "Update"), set()).update(changed & after.keys())
        self.put(path, made | {"metadata": made["metadata"] | {"managedFields": record(entries)}})


def applied(live: Object | None, item: Object, manager: str) -> Object:
    """What an apply makes of an object."""
    made = deepcopy(live or {key: item[key] for key in ("apiVersion", "kind")} | {"metadata": {}})
    made["metadata"] |= {key: item["metadata"][key] for key in ("name", "namespace")}
    entries, there, wanted = owners(made), dict(leaves(made)), dict(leaves(item))
    mine = (manager, "Apply")
    # What an item is found by goes last.
    for path in sorted(entries.pop(mine, set()) - wanted.keys(), key=_is_key):
        if not any(path in others for others in entries.values()):
            _drop(made, path)
    for path, value in wanted.items():
        _set(made, path, value)
        for name in entries:
            if there.get(path) != value:
                entries[name].discard(path)
    made["metadata"]["managedFields"] = record(entries | {mine: set(wanted)})
    return made


def owners(item: Object) -> dict[tuple[str, str], set[Path]]:
    """The fields of each manager."""
    entries = item["metadata"].get("managedFields") or []
    return {(one["manager"], one["operation"]): set(_paths((), one["fieldsV1"])) for one in entries}


def record(entries: dict[tuple[str, str], set[Path]]) -> list[Object]:
    """The `managedFields` of an object."""
    found = []
    for (manager, operation), paths in entries.items():
        fields: Object = {}
        for path in sorted(paths):
            inner = fields
            for key in path:
                inner = inner.setdefault(key, {".": {}} if key.startswith("k:") else {})
        found += [{"manager": manager, "operation": operation, "fieldsV1": fields}] if paths else []
    return found


def _paths(path: Path, fields: Object) -> Iterator[Path]:
    inside = {key: inner for key, inner in fields.items() if key != "."}
    if path and not inside:
        yield path
    for key, inner in inside.items():
        yield from _paths((*path, key), inner)


def leaves(item: Object) -> Iterator[tuple[Path, Any]]:
    """Every field that can have an owner, and its value."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in BOOKKEEPING}
    rest = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    yield from _walk((), "", {"metadata": metadata} | rest)


def _walk(path: Path, name: str, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and name != "selector":
        for key, inner in value.items():
            yield from _walk((*path, f"f:{key}"), key, inner)
    elif isinstance(value, list) and name in KEYS and all(isinstance(one, dict) for one in value):
        for one in value:
            yield from _walk((*path, "k:" + json.dumps({key: one[key] for key in KEYS[name]})), "", one)
    elif path != ("f:metadata",):
        yield path, value


def _within(document: Any, key: str, make: bool) -> Any:
    if key.startswith("f:"):
        return document.get(key[2:])
    keys = json.loads(key[2:])
    found = next((one for one in document if keys.items() <= one.items()), None)
    if found is None and make:
        document.append(found := dict(keys))
    return found


def _set(document: Any, path: Path, value: Any) -> None:
    for key, after in pairwise(path):
        if key.startswith("f:") and document.get(key[2:]) is None:
            document[key[2:]] = [] if after.startswith("k:") else {}
        document = _within(document, key, make=True)
    document[path[-1][2:]] = deepcopy(value)


def _is_key(path: Path) -> bool:
    return len(path) > 1 and path[-2].startswith("k:") and path[-1][2:] in json.loads(path[-2][2:])


def _drop(document: Any, path: Path) -> None:
    chain = [document]
    for key in path[:-1]:
        chain.append(_within(chain[-1], key, make=False))
        if chain[-1] is None:
            return
    chain[-1].pop(path[-1][2:], None)
    for parent, key, child in reversed(list(zip(chain, path, chain[1:], strict=False))):
        keys = json.loads(key[2:]) if key.startswith("k:") else {}
        if not child or (keys and child.keys() <= keys.keys()):
            parent.remove(child) if keys else parent.pop(key[2:], None)


def fixed(live: Object, made: Object) -> Reply | None:
    """What the server says to another selector."""
    if made["kind"] != "Deployment" or made["spec"]["selector"] == live["spec"]["selector"]:
        return None
    cause = {"reason": "FieldValueInvalid", "field": "spec.selector", "message": "Invalid value: …: field is immutable"}
    return invalid('Deployment.apps "app" is invalid: spec.selector: Invalid value: …: field is immutable', cause)


def denied(why: str) -> Reply:
    """What a ValidatingAdmissionPolicy says: 422 as well, and its cause names neither a reason nor a field."""
    message = f'deployments.apps "app" is forbidden: ValidatingAdmissionPolicy "p" denied request: {why}'
    return invalid(message, {"message": message})


def invalid(message: str, *causes: Object) -> Reply:
    """A refusal for what the object says."""
    details = {"name": "app", "kind": "Deployment", "causes": list(causes)}
    told = {"kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422}
    return 422, told | {"message": message, "details": details}
