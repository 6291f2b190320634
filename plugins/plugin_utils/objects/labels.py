"""What is ours in a cluster: the labels that say so, and the kinds of objects a target may have."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Mapping

MANAGED_BY = "app.kubernetes.io/managed-by"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
OURS = "fastapi-mysql-k8s"
# Kept about a target, and no part of it: never compared, pruned or rolled back.
BOOKKEEPING = ("lock", "revision")
# By kind: the component that such an object's label names, and what follows the target's name in its own.
_BOOKS = {"Secret": ("revision", "revision-[0-9]+"), "Lease": ("lock", "release")}


def labels(name: str, component: str) -> dict[str, str]:
    """The labels of templates/_labels.yml.j2."""
    return {
        "app.kubernetes.io/name": name,
        INSTANCE: name,
        COMPONENT: component,
        "app.kubernetes.io/part-of": name,
        MANAGED_BY: OURS,
    }


def selector(name: str, component: str = "") -> str:
    """The label selector of a target's objects."""
    text = f"{INSTANCE}={name},{MANAGED_BY}={OURS}"
    return f"{text},{COMPONENT}={component}" if component else text


def keeps_book(kind: str, name: str, found: Mapping[str, str], target: str) -> bool:
    """Whether an object of that kind, name and labels is one that is kept about the target: a revision, or its lock.

    They bear no mark, for they are no part of what was deployed; others may bear the same labels, not the same name.
    """
    component, pattern = _BOOKS.get(kind, ("", ""))
    ours = labels(target, component).items() <= found.items()
    return bool(component) and ours and re.fullmatch(f"{re.escape(target)}-{pattern}", name) is not None


def user_name() -> str:
    """Who runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user id without an entry, as in containers.
        return str(os.getuid())


def whoami() -> str:
    """Who runs this, and where."""
    return f"{user_name()}@{socket.gethostname()}"
