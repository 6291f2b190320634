"""A plan in a file: what was seen when it was made, so that a later run can tell whether it still holds."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from pathlib import Path
from typing import Any

from ...module_utils.whole_file import write_whole
from ..errors import UserError
from .plan import Planned, described

VERSION = 1
CHECKSUM = r'"fastapi-mysql-k8s/credentials-checksum": "[0-9a-f]*"'
# scrypt: 16 MiB and about 40 ms a guess. A saved plan must not help to guess the password in a Secret.
_COST = {"n": 2**14, "r": 8, "p": 1}


class PlanError(UserError, ValueError):
    """A plan that cannot be used; the message is one line for a person."""


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _wanted(item: Planned, salt: str, images: list[dict[str, Any]]) -> str:
    """What the manifest asks for. An image counts by its content tag: its digest is not known before it is built.

    Randomly generated passwords are other ones at each run until a Secret keeps them: before that, its keys count.
    Their checksum, on the Pods, says nothing that the Secret does not.
    """
    if item.kind == "Secret" and item.live is None:
        return _digest(sorted(item.manifest.get("data") or {}))
    text = re.sub(CHECKSUM, "", json.dumps(item.manifest, sort_keys=True))
    for image in images:
        if image["pinned"]:
            text = text.replace(image["pinned"], image["reference"])
    if item.kind == "Secret":
        return hashlib.scrypt(text.encode(), salt=salt.encode(), dklen=16, **_COST).hex()
    return _digest(text)


def _seen(item: Planned) -> str:
    """What the cluster had. A Secret counts by its version, so that nothing of it is in the file."""
    if item.live is None:
        return ""
    if item.kind == "Secret":
        return f"{item.live['metadata'].get('uid')} {item.live['metadata'].get('resourceVersion')}"
    if item.kind == "Namespace":
        return str(item.live["metadata"].get("uid"))
    return _digest(item.before)


def snapshot(
    planned: list[Planned], images: list[dict[str, Any]], cluster: str, namespace: str, salt: str = ""
) -> dict[str, Any]:
    """Everything that a plan stands on, and the plan itself for a reader."""
    salt = salt or secrets.token_hex(16)
    return {
        "version": VERSION,
        "cluster": cluster,
        "namespace": namespace,
        "salt": salt,
        "images": {image["name"]: {"tag": image["tag"], "digest": image["digest"]} for image in images},
        "wanted": {item.title: _wanted(item, salt, images) for item in planned if item.action != "delete"},
        "seen": {item.title: _seen(item) for item in planned},
        "objects": described(planned),
    }


def save(path: Path, content: dict[str, Any]) -> None:
    """Write the file, for its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise PlanError(f"The plan cannot be written to {path}: {error.strerror}") from error


def load(path: Path) -> dict[str, Any]:
    """Read a saved plan."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"The plan {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise PlanError(f"The plan {path} is not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise PlanError(f"{path} is not a plan of this version: make it again with --check -e plan_save={path}")
    return content


def moved_sources(saved: dict[str, Any], images: list[dict[str, Any]]) -> list[str]:
    """What became of the sources since: images whose content, or whose digest in the registry, is another."""
    found = []
    for image in images:
        then = saved["images"].get(image["name"])
        if then is None or then["tag"] != image["tag"]:
            found.append(f"the sources of image {image['name']} have changed")
        elif then["digest"] and then["digest"] != image["digest"]:
            found.append(f"the registry has another image {image['name']}")
    gone = sorted(saved["images"].keys() - {image["name"] for image in images})
    return found + [f"the image {name} is no longer wanted" for name in gone]


def moved_cluster(saved: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What became of the cluster and of what is wanted of it since."""
    if (saved["cluster"], saved["namespace"]) != (now["cluster"], now["namespace"]):
        return [f"it was made for namespace {saved['namespace']} at {saved['cluster']}"]
    seen = [f"{title} has changed in the cluster" for title in _other(saved["seen"], now["seen"])]
    return seen + [f"what is wanted of {title} has changed" for title in _other(saved["wanted"], now["wanted"])]


def _other(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def refuse(path: Path, moved: list[str]) -> None:
    """Raise when anything moved."""
    if moved:
        raise PlanError(
            f"The plan {path} no longer holds: {'; '.join(moved)}. Nothing was applied. "
            f"Look again: ansible-playbook site.yml --check -e plan_save={path}"
        )
