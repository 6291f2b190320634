"""One run at a time: a Lease in the target's namespace, taken and given back atomically.

The object's resourceVersion makes each step atomic: who writes over a version that is no longer the newest gets 409 and
looks again. Nothing renews a Lease in the background; each step of a release does, and a Lease lasts longer than the
longest of them. Whoever finds it expired may take it, and on the same machine whoever finds its process gone.

Times are the API server's, by the Date of its responses: the clocks of two machines may be hours apart. What cannot be
known for sure (a process of another user, of another container, of a machine that looks the same) has not ended.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, ForbiddenError, KubeError
from ..objects.labels import user_name
from ..tenancy.namespace import hold_up

Object = dict[str, Any]

HOLDER = "fastapi-mysql-k8s/holder"
# In the environment of every module that changes something: what is left of a killed run is found by it.
MARKER = "FASTAPI_MYSQL_K8S_RELEASE"
# A killed run's worker may be about to start a module, which takes less than a second: not yet to be found.
SETTLE_SECONDS = 2.0
# Modules have time limits of their own towards the API; what takes longer than this is stuck.
LEFTOVER_SECONDS = 30.0
ATTEMPTS = 10
# A response is dated to the second: clocks that differ by less are the same.
CLOCK_SECONDS = 2.0


class LockedError(KubeError):
    """Somebody else holds the Lease."""


class LostError(KubeError):
    """The Lease was ours, and is not any more."""


class NoNamespaceError(KubeError):
    """There is no namespace for the Lease to be in, or it is being removed."""


@dataclass(frozen=True)
class Holder:
    """Who holds a Lease: enough for a person to find them, and for this machine to know whether they still run."""

    id: str
    user: str = ""
    host: str = ""
    pid: int = 0
    started: str = ""
    machine: str = ""
    uid: int = -1

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.user}@{self.host}, process {self.pid}" if self.user else self.id or "somebody"


@dataclass(frozen=True)
class Held:
    """What became of an attempt: the Lease as the cluster has it, and how it was come by."""

    holder: Holder
    expires: datetime
    how: str


def myself(pid: int, identity: str = "") -> Holder:
    """The holder that the process `pid` of this machine is; a new one without an identity."""
    return Holder(
        id=identity or secrets.token_hex(6),
        user=user_name(),
        host=socket.gethostname(),
        pid=pid,
        started=process_start(pid),
        machine=this_machine(),
        uid=os.getuid(),
    )


def this_machine() -> str:
    """A name for the set of processes that is seen from here; empty where that is not known for sure.

    The boot alone would not do: containers share it, and do not see each other's processes. Nor would a /proc that was
    mounted for another set of processes, in which numbers mean others.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        if Path("/proc/self").readlink().name != str(os.getpid()):
            return ""
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def process_start(pid: int) -> str:
    """When a process started, in the kernel's ticks: a later one of the same number is another.

    Empty if it has ended, and if it cannot be seen: /proc may hide the processes of other users.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # After the name in brackets, which may hold anything: state is the third field, the start the 22nd.
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def exists(pid: int) -> bool:
    """Whether there is a process of that number, whoever's it is and whatever /proc hides."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def has_gone(holder: Holder) -> bool:
    """Whether the holder ran here and is known to run no more.

    Only of the same user (or to root): what another user's run has left behind cannot be seen. And only on a host of
    the same name, for a machine that was copied while it ran looks the same otherwise.
    """
    here = this_machine()
    if not here or (holder.machine, holder.host) != (here, socket.gethostname()) or holder.pid <= 0:
        return False
    if os.getuid() not in (0, holder.uid):
        return False
    if not exists(holder.pid):
        return True
    visible = Path(f"/proc/{holder.pid}/stat").exists()
    return visible and bool(holder.started) and process_start(holder.pid) != holder.started


def leftovers(identity: str) -> list[int]:
    """Processes of this machine that a run with that identity has started to change something."""
    wanted = f"{MARKER}={identity}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment:
            found.append(int(folder.name))
    return found


class Lock:
    """The Lease of one target."""

    def __init__(self, client: KubeClient, namespace: str, name: str, labels: dict[str, str]) -> None:
        """`name` is the target's; the Lease is named after it."""
        self.client = client
        self.name = name
        self.namespace = namespace
        self.labels = labels
        self.collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self.path = f"{self.collection}/{name}-release"

    def now(self) -> datetime:
        """The API server's time, as of its last response."""
        ahead = self.client.clock()
        return datetime.now(UTC) + timedelta(seconds=ahead if abs(ahead) >= CLOCK_SECONDS else 0)

    def take(self, mine: Holder, seconds: int, by_force: bool = False) -> Held:
        """Take the Lease: a new one, our own, one that has expired, or one whose holder has gone.

        Raises LockedError when somebody else holds it, NoNamespaceError when there is no place for it.
        """
        for _ in range(ATTEMPTS):
            found = self.client.find(self.path)
            how = self._why_free(found, mine, by_force)
            try:
                return self._write(mine, seconds, found, how)
            except ApiError as error:
                if found is None and error.status in (403, 404):
                    self._require_namespace()
                if error.status not in (404, 409):
                    raise
        raise LockedError(f"The lock of {self.name} in namespace {self.namespace} changes all the time: try again.")

    @contextmanager
    def begun(self, mine: Holder, seconds: int, by_force: bool = False) -> Iterator[Held]:
        """Take the Lease for further steps; it is given back where this one fails, for nothing is changed yet."""
        held = self.take(mine, seconds, by_force)
        try:
            yield held
        except BaseException:
            with suppress(KubeError):
                self.release(mine)
            raise

    def renew(self, mine: Holder, seconds: int) -> Held:
        """Hold on to the Lease. Raises LostError when it is somebody else's by now, or gone."""
        for _ in range(ATTEMPTS):
            found = self.client.find(self.path)
            if found is None or holder_of(found).id != mine.id:
                raise LostError(self._lost(found))
            try:
                return self._write(mine, seconds, found, "renewed")
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
        raise LostError(self._lost(None))

    def release(self, mine: Holder) -> bool:
        """Give the Lease back if it is ours: nothing is left of it. Whether it was."""
        found = self.client.find(self.path)
        if found is None or holder_of(found).id != mine.id:
            return False
        version = {key: found["metadata"][key] for key in ("uid", "resourceVersion")}
        try:
            self.client.request("DELETE", self.path, body={"kind": "DeleteOptions", "preconditions": version})
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return False
        return True

    def _require_namespace(self) -> None:
        """Raise NoNamespaceError when the namespace is not there, or on its way out; not when nobody may know."""
        try:
            live = self.client.find(f"/api/v1/namespaces/{self.namespace}")
        except ForbiddenError:
            return
        if live is None:
            raise NoNamespaceError(f"Namespace {self.namespace} is not there.")
        if leaving := hold_up(self.client, live):
            raise NoNamespaceError(leaving)

    def abandoned(self) -> bool:
        """Whether a run that is no more has left the Lease: it may have ended before it had verified what it did."""
        try:
            found = self.client.find(self.path)
        except ForbiddenError:
            return False
        return found is not None and (expiry(found) <= self.now() or has_gone(holder_of(found)))

    def _why_free(self, found: Object | None, mine: Holder, by_force: bool) -> str:
        if found is None:
            return "free"
        other = holder_of(found)
        if other.id == mine.id:
            return "renewed"
        if by_force:
            return f"taken from {other.title}"
        if not other.id or expiry(found) <= self.now():
            return f"expired, {other.title} had it"
        if has_gone(other):
            self._wait_for_leftovers(found, other)
            return f"left behind by {other.title}, which runs no more"
        raise LockedError(
            f"Another run is at work on {self.name} in namespace {self.namespace}: {other.title}, since "
            f"{clock(found, 'acquireTime')}; its lock expires at {shown(expiry(found))}. Wait for it; "
            "if you know that it runs no more: -e release_take_over=true."
        )

    def _wait_for_leftovers(self, lease: Object, holder: Holder) -> None:
        """Until no module of a killed run is still changing something. Raises LockedError when one does not end."""
        settled = moment(str(lease["spec"].get("renewTime") or "")) + timedelta(seconds=SETTLE_SECONDS)
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while (left := leftovers(holder.id)) or self.now() < settled:
            if time.monotonic() > deadline:
                raise LockedError(
                    f"{holder.title} has ended, but left processes that may still change the cluster: {left}. "
                    "End them, or wait for them."
                )
            time.sleep(0.2)

    def _lost(self, found: Object | None) -> str:
        by = f" by {holder_of(found).title} at {clock(found, 'acquireTime')}" if found else ""
        what = "was taken over" if found else "is gone"
        return (
            f"The lock of {self.name} in namespace {self.namespace} {what}{by}: this run stops here and leaves the "
            "rest to the other. Run it again when that has ended."
        )

    def _write(self, mine: Holder, seconds: int, found: Object | None, how: str) -> Held:
        now = self.now()
        before = (found or {}).get("spec") or {}
        same = found is not None and holder_of(found).id == mine.id
        spec = {
            "holderIdentity": f"{mine.title} ({mine.id})",
            "leaseDurationSeconds": seconds,
            "acquireTime": before.get("acquireTime") if same else stamp(now),
            "renewTime": stamp(now),
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (found is not None and not same),
        }
        metadata: Object = {"name": f"{self.name}-release", "namespace": self.namespace, "labels": self.labels}
        metadata["annotations"] = {HOLDER: json.dumps(asdict(mine))}
        body: Object = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        if found is None:
            self.client.request("POST", self.collection, body=body)
        else:
            metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
            self.client.request("PUT", self.path, body=body)
        return Held(mine, now + timedelta(seconds=seconds), how)


def holder_of(lease: Object) -> Holder:
    """Who holds a Lease; of one that something else has written, only the identity is known."""
    text = (lease["metadata"].get("annotations") or {}).get(HOLDER)
    try:
        known = json.loads(text or "")
        return Holder(**{key: known[key] for key in Holder.__dataclass_fields__ if key in known})
    except (ValueError, TypeError):
        return Holder(id=str(lease.get("spec", {}).get("holderIdentity") or ""))


def expiry(lease: Object) -> datetime:
    """When a Lease ends unless it is renewed; one that was never dated has ended."""
    spec = lease.get("spec") or {}
    renewed = moment(str(spec.get("renewTime") or spec.get("acquireTime") or ""))
    return renewed + timedelta(seconds=int(spec.get("leaseDurationSeconds") or 0))


def stamp(when: datetime) -> str:
    """A time the way Kubernetes writes those of a Lease."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """A time as Kubernetes writes it; the beginning of all times when it is none."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def shown(when: datetime) -> str:
    """A time for people."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(lease: Object, field: str) -> str:
    """One of a Lease's times, for people."""
    return shown(moment(str((lease.get("spec") or {}).get(field) or "")))
