"""One run at a time: who gets the Lease, who is told what, and what is left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.action.revisions import freed
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube import client as kube_client
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release import lease as lease_module
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.lease import (
    MARKER,
    Holder,
    Lock,
    LockedError,
    LostError,
    NoNamespaceError,
    expiry,
    has_gone,
    holder_of,
    leftovers,
    moment,
    myself,
    stamp,
    this_machine,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.watch import LONGEST_OUTAGES
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.run_lock import hold_on, this_run
from jinja2.nativetypes import NativeEnvironment

from fake_api_server import Reply, serving, status
from fake_cluster import FakeCluster
from fake_objects import Object, Objects, client

COLLECTION = "/apis/coordination.k8s.io/v1/namespaces/n/leases"
PATH = f"{COLLECTION}/app-release"


class Place:
    """A namespace with a Lease, or without."""

    def __init__(self, server: str, objects: Objects) -> None:
        self.server, self.objects = server, objects

    def lock(self) -> Lock:
        return Lock(client(self.server), "n", "app", {"a": "b"})

    @property
    def lease(self) -> Object:
        return self.objects.kept[PATH]


@pytest.fixture
def place() -> Iterator[Place]:
    objects = Objects()
    with serving(objects.route) as server:
        yield Place(server, objects)


class Elsewhere(datetime):
    """The clock of a machine that is off by so many seconds."""

    OFF = 0.0

    @classmethod
    def now(cls, zone: tzinfo | None = None) -> datetime:
        return datetime.now(zone) + timedelta(seconds=cls.OFF)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set this machine's clock to so many seconds ahead; the server's stays."""

    def ahead(seconds: float) -> None:
        off = type("Clock", (Elsewhere,), {"OFF": seconds})
        monkeypatch.setattr(lease_module, "datetime", off)
        there = SimpleNamespace(time=lambda: time.time() + seconds, monotonic=time.monotonic, sleep=time.sleep)
        monkeypatch.setattr(kube_client, "time", there)

    return ahead


def somewhere_else(holder: Holder) -> Holder:
    """The same, on a machine whose processes are not seen from here."""
    return replace(holder, host="other", machine="another boot")


def dead() -> Holder:
    """A process of this machine that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        holder = myself(process.pid)
        assert not has_gone(holder)
        process.communicate(b"\n")
    return holder


def test_a_free_lease_is_taken_renewed_and_given_back_without_a_trace(place: Place) -> None:
    mine = myself(os.getpid())
    lock = place.lock()
    assert lock.take(mine, 60).how == "free"
    taken = place.lease
    assert taken["spec"]["leaseDurationSeconds"] == 60
    assert mine.id in taken["spec"]["holderIdentity"]
    assert lock.renew(mine, 60).how == "renewed"
    assert place.lease["spec"]["acquireTime"] == taken["spec"]["acquireTime"]
    assert place.lease["spec"]["renewTime"] > taken["spec"]["renewTime"]
    assert lock.release(mine)
    assert place.objects.kept == {}


def test_a_step_that_fails_before_anything_is_changed_gives_it_back(place: Place) -> None:
    mine = myself(os.getpid())
    with place.lock().begun(mine, 60) as held:
        assert holder_of(place.lease) == held.holder
    assert holder_of(place.lease) == mine
    with pytest.raises(KeyboardInterrupt), place.lock().begun(mine, 60):
        raise KeyboardInterrupt
    assert place.objects.kept == {}


def test_each_step_holds_on_to_the_lock_that_it_is_given(place: Place) -> None:
    step: Object = {"name": "app", "namespace": "n", "lock": None}
    hold_on(client(place.server), step)
    assert place.objects.kept == {}
    place.lock().take(this_run("the run"), 60)
    hold_on(client(place.server), step | {"lock": {"id": "the run", "seconds": 77}})
    assert place.lease["spec"]["leaseDurationSeconds"] == 77
    place.lock().take(myself(os.getpid()), 60, by_force=True)
    with pytest.raises(LostError, match="this run stops here"):
        hold_on(client(place.server), step | {"lock": {"id": "the run", "seconds": 77}})


def test_the_last_step_gives_it_back_and_fails_for_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """What runs is verified and kept by then: an API server that is away for a moment is no reason to undo it."""
    step: Object = {"name": "app", "namespace": "n", "lock": {"id": "the run", "seconds": 60}}
    place.lock().take(this_run("the run"), 60)
    assert not freed(client("http://127.0.0.1:9"), step)
    assert "could not be given back" in capsys.readouterr().err
    assert freed(client(place.server), step)
    assert place.objects.kept == {}
    assert not freed(client(place.server), step | {"lock": None})


def test_who_comes_second_is_told_who_since_when_and_until_when(place: Place) -> None:
    first, second = myself(os.getpid()), myself(os.getpid())
    place.lock().take(first, 60)
    with pytest.raises(LockedError) as error:
        place.lock().take(second, 60)
    text = str(error.value)
    assert f"{first.user}@{first.host}, process {first.pid}" in text
    assert f"since {datetime.now(UTC):%Y-%m-%d %H:}" in text
    assert "expires at" in text and "release_take_over=true" in text and "\n" not in text
    assert not place.lock().release(second)
    assert holder_of(place.lease) == first


def test_a_lease_that_has_expired_is_taken_over(place: Place) -> None:
    first, second = somewhere_else(myself(os.getpid())), myself(os.getpid())
    place.lock().take(first, 60)
    place.lease["spec"]["renewTime"] = stamp(datetime.now(UTC) - timedelta(seconds=61))
    assert place.lock().take(second, 60).how.startswith("expired")
    assert place.lease["spec"]["leaseTransitions"] == 1
    with pytest.raises(LostError, match=f"taken over by {second.user}@"):
        place.lock().renew(first, 60)
    assert not place.lock().release(first)
    assert holder_of(place.lease) == second


def test_a_process_of_this_machine_that_has_gone_holds_nothing(place: Place) -> None:
    place.lock().take(dead(), 600)
    started = time.monotonic()
    assert "runs no more" in place.lock().take(myself(os.getpid()), 60).how
    assert time.monotonic() - started < 5


def test_only_a_lease_whose_run_is_no_more_is_abandoned(place: Place) -> None:
    lock, mine = place.lock(), myself(os.getpid())
    assert not lock.abandoned()
    lock.take(mine, 60)
    assert not lock.abandoned()
    lock.release(mine)
    lock.take(somewhere_else(mine), 0)
    assert lock.abandoned()
    lock.take(dead(), 60, by_force=True)
    assert lock.abandoned()
    place.objects.kept.clear()
    with serving(lambda *_: status(403, "you may not")) as server:
        assert not Lock(client(server), "n", "app", {}).abandoned()


def test_a_process_of_another_machine_is_not_judged_from_here(place: Place) -> None:
    place.lock().take(somewhere_else(dead()), 600)
    with pytest.raises(LockedError):
        place.lock().take(myself(os.getpid()), 60)


def test_another_process_of_the_same_number_is_another() -> None:
    mine = myself(os.getpid())
    assert not has_gone(mine)
    assert has_gone(replace(mine, started="1"))


def test_what_a_killed_run_has_started_is_waited_for(place: Place) -> None:
    holder = dead()
    place.lock().take(holder, 600)
    command = [sys.executable, "-c", "print(flush=True); input()"]
    environment = os.environ | {MARKER: holder.id}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as module:
        assert module.stdout is not None
        module.stdout.readline()
        assert leftovers(holder.id) == [module.pid]
        ends = threading.Timer(3, module.communicate, [b"\n"])
        ends.start()
        started = time.monotonic()
        place.lock().take(myself(os.getpid()), 60)
        assert time.monotonic() - started > 2.5
        ends.join()


def test_the_impatient_take_it_from_the_living(place: Place) -> None:
    first, second = myself(os.getpid()), myself(os.getpid())
    place.lock().take(first, 60)
    assert "taken from" in place.lock().take(second, 60, by_force=True).how
    with pytest.raises(LostError):
        place.lock().renew(first, 60)


def test_a_lease_that_is_gone_is_lost(place: Place) -> None:
    mine = myself(os.getpid())
    place.lock().take(mine, 60)
    place.objects.kept.clear()
    with pytest.raises(LostError, match="is gone"):
        place.lock().renew(mine, 60)


def test_of_many_at_once_one_wins() -> None:
    objects = Objects()
    guard = threading.Lock()

    def route(method: str, path: str, body: Object) -> Reply:
        with guard:
            return objects.route(method, path, body)

    won: list[str] = []
    lost: list[str] = []

    def attempt(server: str) -> None:
        try:
            won.append(Lock(client(server), "n", "app", {}).take(myself(os.getpid()), 60).holder.id)
        except LockedError as error:
            lost.append(str(error))

    with serving(route) as server:
        threads = [threading.Thread(target=attempt, args=(server,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(won), len(lost)) == (1, 7)
    assert holder_of(objects.kept[PATH]).id == won[0]


def test_a_lease_of_something_else_counts_by_what_it_says(place: Place) -> None:
    spec = {"holderIdentity": "robot", "leaseDurationSeconds": 60, "renewTime": stamp(datetime.now(UTC))}
    place.objects.add(COLLECTION, {"metadata": {"name": "app-release"}, "spec": spec})
    with pytest.raises(LockedError, match="robot"):
        place.lock().take(myself(os.getpid()), 60)
    place.lease["spec"] = {"holderIdentity": ""}
    assert expiry(place.lease) == moment("")
    place.lock().take(myself(os.getpid()), 60)


@pytest.mark.parametrize("ahead", [480, 7200, -480, -7200, 3, 86400 * 30])
def test_the_clock_of_a_machine_decides_nothing(ahead: float, place: Place, clocks: Callable[[float], None]) -> None:
    """Neither does one that is ahead take a lock too early, nor leave one that lasts for hours, and vice versa."""
    first, second = somewhere_else(myself(os.getpid())), myself(os.getpid())
    place.lock().take(first, 60)
    clocks(ahead)
    with pytest.raises(LockedError):
        place.lock().take(second, 60)
    assert not place.lock().abandoned()
    place.lease["spec"]["renewTime"] = stamp(datetime.now(UTC) - timedelta(seconds=63))
    assert place.lock().abandoned()
    place.lock().take(second, 60)
    assert abs((expiry(place.lease) - datetime.now(UTC)).total_seconds() - 60) < 5


def test_a_process_that_proc_hides_has_not_gone(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """As with hidepid=2, where those of other users are not even listed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        holder = myself(process.pid)
        place.lock().take(holder, 600)
        number = str(process.pid)
        monkeypatch.setattr(lease_module, "Path", lambda text: Path("/nowhere" if number in text else text))
        assert not has_gone(holder)
        with pytest.raises(LockedError):
            place.lock().take(myself(os.getpid()), 60)
        process.communicate(b"\n")
    # The kernel itself knows of no such process any more.
    assert has_gone(holder)


def test_a_process_that_may_not_be_signalled_has_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(pid: int, signal: int) -> None:
        raise PermissionError

    holder = dead()
    assert has_gone(holder)
    monkeypatch.setattr(os, "kill", denied)
    assert not has_gone(holder)


@pytest.mark.parametrize(
    "other",
    [
        {"uid": os.getuid() + 1},
        {"uid": -1},
        {"host": f"not-{socket.gethostname()}"},
        {"machine": "the same boot pid:[another set of processes]"},
        {"machine": ""},
        {"pid": 0},
        {"pid": -1},
    ],
    ids=str,
)
def test_who_cannot_be_judged_from_here_has_not_gone(other: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user, a container, a runner of the same name: nobody here knows."""
    # Root sees everybody's.
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    holder = replace(dead(), uid=4711)
    assert has_gone(holder)
    uid = 4712 if other.get("uid", -1) > 0 else -1
    assert not has_gone(replace(holder, **(other | ({"uid": uid} if "uid" in other else {}))))


def test_a_living_process_whose_start_is_not_known_has_not_gone() -> None:
    assert not has_gone(replace(myself(os.getpid()), started=""))


def test_numbers_of_another_proc_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a namespace of processes whose /proc is the host's."""
    holder = dead()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert this_machine() == ""
    assert not has_gone(holder)


def test_where_there_is_no_namespace_there_is_no_lock() -> None:
    cluster = FakeCluster()
    cluster.broken["leases"] = 404
    with serving(cluster.route) as server:
        lock = Lock(client(server), "gone", "app", {})
        with pytest.raises(NoNamespaceError, match="Namespace gone is not there"):
            lock.take(myself(os.getpid()), 60)
        cluster.kept["/api/v1/namespaces/n"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        with pytest.raises(NoNamespaceError, match="Namespace n is being removed since 2026-01-01 00:00:00 UTC"):
            Lock(client(server), "n", "app", {}).take(myself(os.getpid()), 60)


@pytest.mark.parametrize(("rollout", "verify"), [(300, 12), (36000, 12), (60, 7200), (1, 1)])
def test_the_lock_outlasts_any_time_that_was_set(rollout: int, verify: int) -> None:
    """And the outages that a rollout is given beside its own time."""
    path = Path(__file__).resolve().parents[2] / "roles/release/vars/main.yml"
    words = NativeEnvironment().from_string(yaml.safe_load(path.read_text())["__release_seconds"])
    given = {"app_rollout_timeout": rollout, "verify_timeout": verify, "app_migrate_timeout": 300}
    for workers in ({}, {"one": {}, "two": {}}):
        longest = rollout * (1 + len(workers)) + verify
        assert int(words.render(given | {"app_workers": workers})) > longest + LONGEST_OUTAGES
