"""The difference between two objects, field by field, fit to be read and to be compared."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, NamedTuple

Object = dict[str, Any]

# What the cluster writes itself: no difference there is ever ours.
SERVER_SIDE = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
HIDDEN = "(hidden)"
# By which of its fields an item of a list is known, the first that all items have and no two share.
_KEYS = ("name", "mountPath", "containerPort", "port", "path", "host", "topologyKey")
_SHOWN = 100


class Change(NamedTuple):
    """One field: where it is, what it is, what it will be. None is "not there"."""

    path: str
    before: Any
    after: Any

    def shown(self) -> str:
        """For people, on one line."""
        return f"{self.path}: {_shown(self.before)} → {_shown(self.after)}"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def essence(live: Object) -> Object:
    """An object without its status and what the server writes into its metadata."""
    bare = {key: deepcopy(value) for key, value in live.items() if key != "status"}
    bare["metadata"] = {key: value for key, value in bare["metadata"].items() if key not in SERVER_SIDE}
    return bare


def changes(before: Object | None, after: Object | None) -> list[Change]:
    """Every field that differs, in the order of its path; of a Secret the names of the fields, never a value."""
    kind = str((after or before or {}).get("kind", ""))
    found = list(_walk("", before, after)) if before is not None and after is not None else []
    if kind == "Secret":
        found = [_hidden(change) for change in found]
    return sorted(found, key=lambda change: change.path)


def _hidden(change: Change) -> Change:
    """`kubectl apply` leaves a copy of the whole Secret in an annotation, so those are hidden as well."""
    if not change.path.startswith(("data", "stringData", "metadata.annotations")):
        return change
    return Change(change.path, *(value if value is None else HIDDEN for value in change[1:]))


def _walk(path: str, before: Any, after: Any) -> list[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in sorted({*before, *after})
            for change in _walk(f"{path}.{key}" if path else str(key), before.get(key), after.get(key))
        ]
    if isinstance(before, list) and isinstance(after, list):
        return _lists(path, before, after)
    # To JSON, true is not 1.
    same = before == after and isinstance(before, bool) == isinstance(after, bool)
    return [] if same else [Change(path, before, after)]


def _lists(path: str, before: list[Any], after: list[Any]) -> list[Change]:
    key = _key(before, after)
    old, new = _named(before, key), _named(after, key)
    found = [
        change
        for name in dict.fromkeys([*old, *new])
        for change in _walk(f"{path}[{name}]", old.get(name), new.get(name))
    ]
    # The same items in another order.
    return found or ([Change(f"{path} (order)", list(old), list(new))] if list(old) != list(new) else [])


def _key(before: list[Any], after: list[Any]) -> str:
    items = [*before, *after]
    if not items or not all(isinstance(item, dict) for item in items):
        return ""
    for key in _KEYS:
        if all(key in item for item in items) and all(
            len({str(item[key]) for item in some}) == len(some) for some in (before, after)
        ):
            return key
    return ""


def _named(items: list[Any], key: str) -> dict[str, Any]:
    return {str(item[key]) if key else str(number): item for number, item in enumerate(items)}


def redacted(secret: Object | None, other: Object | None) -> Object | None:
    """A Secret for `--diff`: its keys, and which of them get another value than in `other`."""
    if secret is None:
        return None
    shown = deepcopy(secret)
    old = (other or {}).get("data") or {}
    for field in ("data", "stringData"):
        if isinstance(shown.get(field), dict):
            shown[field] = {
                key: HIDDEN if other is None or old.get(key) == value else "(hidden, new value)"
                for key, value in shown[field].items()
            }
    if shown.get("metadata", {}).get("annotations"):
        shown["metadata"]["annotations"] = dict.fromkeys(shown["metadata"]["annotations"], HIDDEN)
    return shown
