"""Keep what there is of a target, and say how to get back to it. See plugins/modules/revisions.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.kube_action import KubeAction
from ..plugin_utils.release.restoring import Restore, restoring
from ..plugin_utils.release.revision_store import Store
from ..plugin_utils.release.revisions import Revision, chosen, running
from ..plugin_utils.run_lock import LOCK_ARGUMENTS, hold_on, lock_of, this_run


class ActionModule(KubeAction):
    """The action `revisions`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["recorded", "picked", "planned", "listed"], "required": True},
        "revision": {"type": "int", "default": 0},
        "before": {"type": "int", "default": 0},
        "origin": {"type": "str", "default": "deployed"},
        "kept": {"type": "int", "default": 5},
        "checks": {"type": "dict", "default": {}},
        **LOCK_ARGUMENTS,
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """One step of a release, or of going back."""
        store = Store(client, arguments["namespace"], arguments["name"])
        state = arguments["state"]
        if state == "listed":
            return listed(store)
        if state == "picked":
            return self._picked(store, arguments["revision"])
        if self._task.check_mode and state == "recorded":
            return {"changed": False, "skipped": True}
        hold_on(client, arguments)
        if state == "planned":
            return planned(store, arguments["revision"])
        return recorded(store, arguments) | {"freed": freed(client, arguments)}

    def _picked(self, store: Store, wanted: int) -> dict[str, Any]:
        """What would be restored; in check mode that is the change."""
        revision = store.pick(wanted)
        titles = restoring(store, revision).titles
        changed = bool(self._task.check_mode and titles)
        return {
            "changed": changed,
            "number": revision.number,
            "images": revision.images,
            "checks": revision.checks,
            "would_change": titles,
        }


def recorded(store: Store, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what runs now as known to work, where any is to be kept."""
    before, limit, checks = (arguments[name] for name in ("before", "kept", "checks"))
    if limit < 1:
        return {"changed": False, "number": 0, "images": {}}
    revision, written = store.record(arguments["origin"], before, limit, checks)
    return {"changed": written, "number": revision.number, "images": revision.images}


def freed(client: KubeClient, arguments: Mapping[str, Any]) -> bool:
    """Give the lock back, for nothing follows; a lock that stays is no reason to undo what runs: it ends by itself."""
    try:
        lock = lock_of(client, arguments["namespace"], arguments["name"])
        return bool(arguments["lock"]) and lock.release(this_run(arguments["lock"]["id"]))
    except KubeError as error:
        Display().warning(f"The lock of {arguments['name']} could not be given back: {error}")
        return False


def planned(store: Store, number: int) -> dict[str, Any]:
    """What has to be written and removed. Holds Secrets: it is registered, and never printed."""
    revision = find(store.kept(), number) if number else None
    way = restoring(store, revision)
    return {
        "changed": False,
        **{f"{verb}_secrets": secrets for verb, secrets in _split(way, secret=True)},
        **dict(_split(way, secret=False)),
        "remove": way.remove,
        "titles": way.titles,
        "_ansible_no_log": True,
    }


def _split(way: Restore, secret: bool) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What is to be applied, replaced and made again: Secrets come first, and are never printed."""
    for verb, items in (("apply", way.apply), ("replace", way.replace), ("again", way.again)):
        yield verb, [item for item in items if (item.get("next", item)["kind"] == "Secret") == secret]


def listed(store: Store) -> dict[str, Any]:
    """Print what is kept."""
    kept = store.kept()
    current, unchanged = running(kept, store.present())
    rows = [told(item, current) for item in reversed(kept)]
    Display().display("\n".join(table(store, rows, current, unchanged)))
    return {"changed": False, "revisions": rows, "current": current.number if current else 0}


def find(kept: list[Revision], number: int) -> Revision:
    """The kept revision of that number."""
    found = next((item for item in kept if item.number == number), None)
    return found if found and found.objects else chosen(kept, None, number)


def told(revision: Revision, current: Revision | None) -> dict[str, Any]:
    """A revision without its objects, which hold Secrets."""
    return {
        "number": revision.number,
        "current": revision == current,
        "since": revision.current_since,
        "by": revision.by,
        "origin": revision.origin,
        "verified": revision.verified,
        "before": revision.before,
        "images": revision.images,
    }


def table(store: Store, rows: list[dict[str, Any]], current: Revision | None, unchanged: bool = True) -> list[str]:
    """The revisions for people, the newest first."""
    where = f"{store.name} in namespace {store.namespace}"
    if not rows:
        return ["", f"No revision of {where} is kept: the first is, when it is deployed.", ""]
    lines = ["", f"Revisions of {where}; * is what runs now"]
    for row in rows:
        digests = ", ".join(f"{name} {short(image)}" for name, image in row["images"].items())
        state = row["origin"] + ("" if row["verified"] else ", not verified")
        when = row["since"][:19].replace("T", " ")
        lines.append(f"  {'*' if row['current'] else ' '} {row['number']:>3}  {when}  {row['by']}  {state}  {digests}")
    if current and not unchanged:
        lines.append("  * has been changed by others since it was deployed")
    if current is None:
        lines.append("  * what runs now is none of these: it was never verified")
    return [*lines, ""]


def short(image: str) -> str:
    """An image's digest, or the tag that it is named by, short enough to print."""
    name, _, digest = image.partition("@")
    return digest[:19] if digest else name.rpartition("/")[2]
