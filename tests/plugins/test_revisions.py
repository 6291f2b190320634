"""Snapshots: what is kept of a target, what is found again, and what going back takes."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.owned_objects import kept_about
from ansible_collections.fastapi_mysql.k8s.plugins.action.revisions import planned, short, table, told
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.labels import labels
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.managed_fields import MARK
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release import revisions as rev
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.own_fields import cleaned
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revision_store import Store

from fake_api_server import serving
from fake_apply import Applying
from fake_objects import Object, Objects, client

SECRETS = "/api/v1/namespaces/n/secrets"
SERVICES = "/api/v1/namespaces/n/services"
MAPS = "/api/v1/namespaces/n/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/n/deployments"
BUDGETS = "/apis/policy/v1/namespaces/n/poddisruptionbudgets"
DONE = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
PASSWORD = base64.b64encode(b"do not print me").decode()


def item(kind: str, name: str = "app", api_version: str = "v1", **more: Any) -> Object:
    """An object of the target's."""
    metadata = {"name": name, "namespace": "n", "labels": labels("app", "api") | {MARK: "app"}}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata} | more


def deployment(image: str, **status: int) -> Object:
    """A Deployment of one Pod, up unless told otherwise."""
    containers = [{"name": "api", "image": image}]
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": containers}}}
    made = item("Deployment", api_version="apps/v1", spec=spec, status=DONE | status)
    made["metadata"] |= {"generation": 1, "annotations": {"deployment.kubernetes.io/revision": "1"}}
    return made


class Place:
    """A namespace with a target in it."""

    def __init__(self, server: str, objects: Objects) -> None:
        self.objects = objects
        self.store = Store(client(server), "n", "app")
        objects.missing.add(BUDGETS)

    def deploy(self, image: str, **status: int) -> None:
        """Have the target with that image, as an apply would."""
        self.objects.add(SECRETS, item("Secret", data={"PASSWORD": PASSWORD}))
        self.objects.add(SERVICES, item("Service", spec={"clusterIP": "198.19.0.7", "ports": [{"port": 80}]}))
        self.objects.add(DEPLOYMENTS, deployment(image, **status))

    def release(self, image: str, limit: int = 5) -> int:
        """A whole release that succeeds; its revision's number."""
        taken = self.store.take(limit)
        self.deploy(image)
        return self.store.record(
            "deployed", taken.revision.number if taken.revision else 0, limit, {"endpoints": [image]}
        )[0].number

    @property
    def names(self) -> set[str]:
        """The Secrets that keep revisions."""
        return {path.rpartition("/")[2] for path in self.objects.kept if "-revision-" in path}


@pytest.fixture
def place() -> Iterator[Place]:
    objects = Applying()
    with serving(objects.route) as server:
        yield Place(server, objects)


def test_what_the_cluster_adds_is_not_kept() -> None:
    live = deployment("a")
    live["metadata"] |= {"uid": "u", "resourceVersion": "5", "managedFields": [], "creationTimestamp": "now"}
    live["metadata"]["annotations"]["mine"] = "x"
    kept = cleaned(live)
    assert set(kept["metadata"]) == {"name", "namespace", "labels", "annotations"}
    assert kept["metadata"]["annotations"] == {"mine": "x"}
    assert "status" not in kept
    service = cleaned(item("Service", spec={"clusterIP": "198.19.0.7", "clusterIPs": ["198.19.0.7"], "ports": []}))
    assert service["spec"] == {"ports": []}
    assert cleaned(item("Service", spec={"clusterIP": "None"}))["spec"] == {"clusterIP": "None"}


def test_a_first_deployment_has_nothing_to_go_back_to(place: Place) -> None:
    taken = place.store.take(5)
    assert (taken.revision, taken.written, taken.restorable) == (None, False, 0)
    assert place.objects.writes == []


def test_the_same_is_not_kept_twice(place: Place) -> None:
    assert place.release("a") == 1
    assert place.names == {"app-revision-1"}
    taken = place.store.take(5)
    assert (taken.written, taken.complete, taken.restorable) == (False, True, 1)
    revision, written = place.store.record("deployed", 1, 5, {})
    assert (revision.number, written) == (1, False)
    assert place.names == {"app-revision-1"}


def test_a_revision_survives_its_way_through_a_secret(place: Place) -> None:
    place.release("a")
    secret = place.objects.kept[f"{SECRETS}/app-revision-1"]
    assert (secret["type"], secret["immutable"]) == (rev.TYPE, True)
    assert PASSWORD not in json.dumps(secret)
    kept = place.store.kept()[0]
    assert kept.images == {"api": "a"}
    assert [one["kind"] for one in kept.objects] == ["Secret", "Service", "Deployment"]
    assert kept.objects[0]["data"] == {"PASSWORD": PASSWORD}


def test_what_is_not_up_is_not_gone_back_to(place: Place) -> None:
    place.release("good")
    place.deploy("half", readyReplicas=0)
    taken = place.store.take(5)
    assert taken.revision is not None
    assert (taken.revision.number, taken.complete, taken.restorable) == (2, False, 1)
    assert taken.checks == {"endpoints": ["good"]}


def test_what_was_removed_by_hand_can_be_gone_back_to(place: Place) -> None:
    place.release("good")
    del place.objects.kept[f"{DEPLOYMENTS}/app"]
    assert place.store.take(5).restorable == 1


def test_neither_locks_nor_controllers_objects_are_part_of_a_target(place: Place) -> None:
    place.release("a")
    owned = item("ConfigMap", "owned", data={})
    owned["metadata"]["ownerReferences"] = [{"kind": "Robot"}]
    place.objects.add(MAPS, owned)
    place.objects.add(MAPS, item("ConfigMap", "ours", data={}))
    foreign = item("ConfigMap", "foreign", data={})
    foreign["metadata"]["labels"] = {}
    place.objects.add(MAPS, foreign)
    assert {rev.identity(one) for one in place.store.live()} == {
        ("Secret", "app"),
        ("ConfigMap", "ours"),
        ("Service", "app"),
        ("Deployment", "app"),
    }


def test_what_a_neighbour_has_made_is_neither_kept_nor_removed(place: Place) -> None:
    """Whatever its labels look like: it is our mark that counts."""
    place.release("a")
    marked, similar, unmarked = (item("ConfigMap", name, data={}) for name in ("marked", "similar", "app"))
    marked["metadata"]["labels"][MARK] = "another"
    similar["metadata"]["labels"].pop(MARK)
    unmarked["metadata"]["labels"] = {}
    named = item("Secret", "app", data={})
    named["metadata"]["labels"][MARK] = "another"
    for one in (marked, similar, unmarked):
        place.objects.add(MAPS, one)
    assert place.release("b") == 2
    assert all(one["kind"] != "ConfigMap" for kept in place.store.kept() for one in kept.objects)
    assert planned(place.store, 1)["titles"] == ["Deployment app"]
    place.objects.add(SECRETS, named)
    assert ("Secret", "app") not in {rev.identity(one) for one in place.store.live()}
    assert {one["kind"] for one in planned(place.store, 0)["remove"]} == {"Deployment", "Service"}


def test_what_nobody_has_marked_is_kept_before_it_is_overwritten(place: Place) -> None:
    place.deploy("a")
    for path in (f"{SERVICES}/app", f"{DEPLOYMENTS}/app"):
        place.objects.kept[path]["metadata"]["labels"] = {}
    taken = place.store.take(5)
    assert taken.revision and [one["kind"] for one in taken.revision.objects] == ["Secret", "Service", "Deployment"]
    # Not made by us, it is not ours to remove.
    assert [one["kind"] for one in planned(place.store, 0)["remove"]] == ["Secret"]


def test_a_secret_with_the_labels_of_a_revision_is_none(place: Place) -> None:
    place.release("a")
    for name, kind in (("app-revision-7", "Opaque"), ("theirs", rev.TYPE), ("app-revision-x", rev.TYPE)):
        theirs = item("Secret", name, data={}, type=kind)
        theirs["metadata"]["labels"] = labels("app", "revision")
        place.objects.add(SECRETS, theirs)
    assert [one.number for one in place.store.kept()] == [1]
    assert [one["metadata"]["name"] for one in kept_about(place.store.client, "n", "app")] == ["app-revision-1"]


def test_a_lock_is_not_removed_with_the_objects(place: Place) -> None:
    """Whoever holds it gives it back; nobody takes it away from a run that is at work."""
    leases = "/apis/coordination.k8s.io/v1/namespaces/n/leases"
    place.objects.add(leases, {"metadata": {"name": "app-release", "labels": labels("app", "lock")}})
    assert kept_about(place.store.client, "n", "app") == []


def test_going_back_writes_what_differs_and_removes_what_is_new(place: Place) -> None:
    place.release("a")
    place.deploy("b")
    place.objects.add(MAPS, item("ConfigMap", "new", data={}))
    stranger = item("ConfigMap", "app", data={})
    stranger["metadata"]["labels"] = {}
    place.objects.add(MAPS, stranger)
    place.objects.kept[f"{SERVICES}/app"]["spec"]["ports"] = [{"port": 81}]
    place.objects.kept[f"{SERVICES}/app"]["spec"]["clusterIP"] = "198.19.0.8"
    place.objects.kept[f"{DEPLOYMENTS}/app"]["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    way = planned(place.store, 1)
    assert way["_ansible_no_log"] is True
    assert way["titles"] == ["Service app", "Deployment app", "ConfigMap new (removed)"]
    # An apply alone would leave two ports.
    (service,), (back,) = way["replace"], way["apply"]
    assert service["spec"] == {"ports": [{"port": 80}], "clusterIP": "198.19.0.8"}
    assert service["metadata"]["resourceVersion"]
    assert back["spec"]["template"]["spec"]["containers"][0]["image"] == "a"
    assert "annotations" not in back["metadata"]
    assert way["apply_secrets"] == way["replace_secrets"] == []
    uid = place.objects.kept[f"{MAPS}/new"]["metadata"]["uid"]
    assert way["remove"] == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": "n", "uid": uid}},
    ]


def test_a_changed_secret_goes_back_apart_from_the_rest(place: Place) -> None:
    place.release("a")
    place.objects.kept[f"{SECRETS}/app"]["data"] = {"PASSWORD": "eA=="}
    way = planned(place.store, 1)
    assert [one["data"] for one in way["apply_secrets"]] == [{"PASSWORD": PASSWORD}]
    assert way["apply"] == way["replace"] == []


def test_what_is_gone_is_made_anew(place: Place) -> None:
    place.release("a")
    del place.objects.kept[f"{SERVICES}/app"]
    (service,) = planned(place.store, 1)["apply"]
    assert "clusterIP" not in service["spec"] and "resourceVersion" not in service["metadata"]


def test_no_revision_means_that_all_of_ours_goes(place: Place) -> None:
    place.deploy("a")
    way = planned(place.store, 0)
    assert [one["kind"] for one in way["remove"]] == ["Deployment", "Service", "Secret"]
    assert [value for key, value in way.items() if isinstance(value, list) and value and key != "remove"] == [
        ["Deployment app (removed)", "Service app (removed)", "Secret app (removed)"]
    ]


def test_going_back_goes_back_step_by_step(place: Place) -> None:
    for image in ("a", "b", "c"):
        place.release(image)
    assert place.store.pick(0).number == 2
    place.deploy("b")
    assert place.store.record("rolled back to", 3, 5, {})[0].number == 2
    # Not to and fro: what was left as bad is only gone to by its number.
    assert place.store.pick(0).number == 1
    assert place.store.pick(3).images == {"api": "c"}
    # A new release after that remembers what really ran before it.
    assert place.release("d") == 4
    assert place.store.pick(0).number == 2


def test_redeploying_something_old_remembers_what_it_replaced(place: Place) -> None:
    place.release("a")
    place.release("b")
    assert place.release("a") == 1
    assert place.store.pick(0).number == 2
    assert len(place.names) == 2


def test_bad_picks_are_refused_in_one_line(place: Place) -> None:
    with pytest.raises(KubeError, match=r"no revision that is known to have worked \(none is kept\)"):
        place.store.pick(0)
    place.release("a")
    for wanted, why in ((0, "what ran before it is not kept"), (1, "runs already"), (7, r"no revision 7 \(kept: 1\)")):
        with pytest.raises(KubeError, match=why) as error:
            place.store.pick(wanted)
        assert "\n" not in str(error.value)


def test_after_a_change_by_hand_the_way_back_is_what_worked(place: Place) -> None:
    place.release("a")
    place.deploy("by hand")
    assert place.store.pick(0).number == 1


def test_no_more_are_kept_than_wanted(place: Place) -> None:
    for image in "abcdef":
        place.release(image, limit=3)
    assert place.names == {"app-revision-4", "app-revision-5", "app-revision-6"}
    # What runs and what ran before stay, however few are wanted.
    place.release("g", limit=1)
    assert place.names == {"app-revision-6", "app-revision-7"}


def test_with_none_wanted_nothing_is_written(place: Place) -> None:
    place.deploy("a")
    taken = place.store.take(0)
    assert taken.restorable == 0
    assert place.names == set()


def test_a_damaged_revision_harms_nobody(place: Place) -> None:
    place.release("a")
    place.release("b")
    place.objects.kept[f"{SECRETS}/app-revision-1"]["data"] = {"objects": "bm90IGd6aXA="}
    with pytest.raises(KubeError, match="cannot be read"):
        place.store.pick(1)
    assert place.release("c") == 3
    assert place.store.take(5).restorable == 3


def test_a_revision_that_was_tampered_with_is_damaged(place: Place) -> None:
    place.release("a")
    secret = place.objects.kept[f"{SECRETS}/app-revision-1"]
    other = rev.packed("app", "n", rev.Revision(1, [item("Secret", data={})], "x"))
    secret["data"] = other["data"]
    assert place.store.kept()[0].origin == rev.DAMAGED


def test_too_much_for_a_secret_is_said_before_anything_is_changed(place: Place) -> None:
    place.deploy("a")
    noise = random.Random(1).randbytes(1_100_000)
    place.objects.add(MAPS, item("ConfigMap", "big", binaryData={"x": base64.b64encode(noise).decode()}))
    with pytest.raises(KubeError, match="more than a Secret can hold"):
        place.store.take(5)


def test_without_the_right_to_read_what_is_optional_the_rest_is_kept(place: Place) -> None:
    place.deploy("a")
    forbidden = deepcopy(place.objects.route)

    def route(method: str, target: str, body: Object) -> Any:
        return (403, {"message": "no"}) if "configmaps" in target else forbidden(method, target, body)

    with serving(route) as server:
        taken = Store(client(server), "n", "app").take(5)
    assert taken.revision is not None and len(taken.revision.objects) == 3


def test_the_table_shows_what_runs_and_no_secret(place: Place) -> None:
    place.release("registry/api@sha256:" + "a" * 64)
    place.release("registry/api:2.0")
    kept = place.store.kept()
    text = "\n".join(table(place.store, [told(one, kept[1]) for one in reversed(kept)], kept[1]))
    assert "*   2" in text and "api sha256:aaaaaaaaaaaa" in text and "api:2.0" in text
    assert PASSWORD not in text
    assert "none of these" in "\n".join(table(place.store, [told(kept[0], None)], None))
    assert "No revision" in "\n".join(table(place.store, [], None))
    assert short("r:5000/a/b:1") == "b:1"
