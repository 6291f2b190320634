"""What runs otherwise than a run from this checkout would leave it, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, KubeError
from ..tenancy.cluster_check import served_apis
from .plan import Planned, Planner

Object = dict[str, Any]

SHOWN = 60
# Made with what is in the Secret: who may not read that cannot tell what it should be.
CHECKSUM = "credentials-checksum"


@dataclass(frozen=True)
class Drift:
    """A line for each difference, and what could not be compared."""

    lines: list[str]
    note: str = ""


def drift(client: KubeClient, namespace: str, name: str, apis: list[str], documents: list[Object]) -> Drift:
    """What a run would change, as its plan tells it; by the fields that are named where the cluster gives no plan.

    A plan is a dry run, and to ask for one takes the right to write, which who only looks need not have.
    """
    try:
        planned = Planner(client, namespace, name, apis or served_apis(client)).plan(documents)
    except KubeError as error:
        return by_reading(client, documents, str(error).removesuffix(" Nothing was applied."))
    return Drift([line for item in planned for line in told(item)])


def told(item: Planned) -> Iterator[str]:
    """What a run would do to one object."""
    if item.action == "create":
        yield f"{item.title}: is not there"
    elif item.action == "delete":
        yield f"{item.title}: this checkout does not have it"
    for one in item.fields:
        yield f"{item.title}: " + line(one.path, one.before, one.after, item.kind == "Secret")


def by_reading(client: KubeClient, documents: list[Object], why: str) -> Drift:
    """Only what the manifests name is compared: what the cluster adds to it cannot be told from what others have."""
    lines, unread = [], []
    for document in documents:
        kind = str(document["kind"])
        title = f"{kind} {document['metadata']['name']}"
        try:
            live = client.find(client.path_of(document))
        except ForbiddenError:
            unread.append(title)
            continue
        if live is None:
            lines.append(f"{title}: is not there")
        elif kind != "Namespace":
            lines += [f"{title}: {one}" for one in differences(live, document, secret=kind == "Secret")]
    if any(title.startswith("Secret ") for title in unread):
        lines = [one for one in lines if CHECKSUM not in one]
    not_read = f"; not even read: {', '.join(unread)}" if unread else ""
    return Drift(lines, f"compared only in what the manifests name{not_read}, for there is no plan: {why}")


def differences(live: Any, wanted: Any, path: str = "", secret: bool = False) -> Iterator[str]:
    """Each field that is named and is another: its path, what it is, and what it should be; of a Secret no value."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        for key, value in wanted.items():
            yield from differences(live.get(key), value, f"{path}.{key}" if path else str(key), secret)
    elif isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        for number, (one, other) in enumerate(zip(live, wanted, strict=True)):
            yield from differences(one, other, f"{path}[{label(one, number)}]", secret)
    # The cluster leaves out what is empty.
    elif live != wanted and (live or wanted):
        yield line(path, live, wanted, secret)


def line(path: str, is_now: Any, wanted: Any, secret: bool) -> str:
    """One field that differs."""
    return f"{path} differs" if secret else f"{path} is {shown(is_now)}, this checkout has {shown(wanted)}"


def label(item: Any, number: int) -> str:
    """An item of a list: by its name, where it has one."""
    return str(item.get("name", number)) if isinstance(item, Mapping) else str(number)


def shown(value: Any) -> str:
    """A value, short."""
    text = "none" if value is None else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
