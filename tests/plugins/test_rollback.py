"""Going back goes back, whatever others have written; and what serves is not removed for something that is refused."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.revisions import listed, planned
from ansible_collections.fastapi_mysql.k8s.plugins.action.status import kept_revision
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.names import Names, identity
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.autoscalers import scalers
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.labels import labels
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.managed_fields import MANAGER, MARK
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release import revisions as rev
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.own_fields import NAMED, cleaned
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.plan import RefusedError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revision_store import Store

from fake_api_server import Reply, serving
from fake_apply import Applying, denied, invalid
from fake_objects import Object, client

CORE, GROUPS = "/api/v1/namespaces/n", "/apis/{}/namespaces/n/{}"
SECRETS, SERVICES, MAPS = f"{CORE}/secrets", f"{CORE}/services", f"{CORE}/configmaps"
DEPLOYMENTS = GROUPS.format("apps/v1", "deployments")
INGRESSES = GROUPS.format("networking.k8s.io/v1", "ingresses")
BUDGETS = GROUPS.format("policy/v1", "poddisruptionbudgets")
# A cluster shows an object in every version that it serves.
SCALERS = {one: GROUPS.format(one, "horizontalpodautoscalers") for one in ("autoscaling/v2", "autoscaling/v1")}
DEPLOYMENT, INGRESS, SERVICE = f"{DEPLOYMENTS}/app", f"{INGRESSES}/app", f"{SERVICES}/app"
DONE = {"observedGeneration": 1, "replicas": 9, "updatedReplicas": 9, "readyReplicas": 9, "availableReplicas": 9}
OURS = "a.example/ours"
PASSWORD = base64.b64encode(b"do not print me").decode()


def item(kind: str, api_version: str = "v1", **more: Any) -> Object:
    """An object as our templates make it."""
    metadata = {"name": "app", "namespace": "n", "labels": labels("app", "api") | {MARK: "app"}}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata} | more


def manifests(image: str, env: dict[str, str], note: str = "", selector: str = "app") -> dict[str, Object]:
    """A version of the target, each object with its collection."""
    variables = [{"name": key, "value": value} for key, value in env.items()]
    container = {"name": "api", "image": image, "args": ["serve"]} | ({"env": variables} if variables else {})
    template = {"metadata": {"labels": {"a": selector}}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"a": selector}}, "template": template}
    ingress = item("Ingress", "networking.k8s.io/v1", spec={"rules": [{"host": "app.example"}]})
    if note:
        ingress["metadata"]["annotations"] = {OURS: note}
    return {
        SECRETS: item("Secret", data={"PASSWORD": PASSWORD}, type="Opaque"),
        SERVICES: item("Service", spec={"selector": {"a": selector}, "ports": [{"port": 80, "name": "http"}]}),
        DEPLOYMENTS: item("Deployment", "apps/v1", spec=spec),
        INGRESSES: ingress,
    }


class Place:
    """A namespace with a target in it, on a cluster that records who has set what."""

    def __init__(self, server: str, objects: Applying) -> None:
        self.objects = objects
        self.store = Store(client(server), "n", "app")

    def deploy(self, image: str, **more: Any) -> None:
        """As the roles do it; the server adds its defaults, and the Pods come up."""
        for collection, one in manifests(image, more.pop("env", {}), **more).items():
            self.objects.apply(collection, one, MANAGER)
        self.objects.edit(SERVICE, "", lambda live: live["spec"].setdefault("clusterIP", "198.19.0.7"))
        self.objects.edit(DEPLOYMENT, "", defaults("restartPolicy", "Always"))
        self.objects.kept[DEPLOYMENT] |= {"status": DONE}
        self.objects.kept[DEPLOYMENT]["metadata"] |= {"generation": 1}

    def release(self, image: str, limit: int = 5, **more: Any) -> int:
        """A whole release that succeeds; its revision's number."""
        taken = self.store.take(limit)
        self.deploy(image, **more)
        before = taken.revision.number if taken.revision else 0
        return self.store.record("deployed", before, limit, {"endpoints": [image]})[0].number

    def go_back(self, wanted: int = 0) -> int:
        """A whole rollback that succeeds; where it has led to."""
        number = self.store.pick(wanted).number
        before = self.store.take(5).revision
        way = planned(self.store, number)
        for one in [*way["apply_secrets"], *way["apply"]]:
            self.objects.apply(self.store.client.path_of(one).rpartition("/")[0], one, MANAGER)
        for one in [*way["replace_secrets"], *way["replace"]]:
            self.objects.put(self.store.client.path_of(one), one)
        assert way["again"] == way["again_secrets"] == way["remove"] == []
        self.objects.kept[DEPLOYMENT]["status"] = DONE
        recorded = self.store.record("rolled back to", before.number if before else 0, 5, {})[0].number
        assert recorded == number
        return number

    @property
    def numbers(self) -> list[int]:
        return [one.number for one in self.store.kept()]

    @property
    def deployment(self) -> Object:
        return self.objects.kept[DEPLOYMENT]

    @property
    def image(self) -> str:
        return str(self.deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.fixture
def place() -> Iterator[Place]:
    objects = Applying()
    objects.missing.add(BUDGETS)
    with serving(objects.route) as server:
        yield Place(server, objects)


def defaults(key: str, value: Any) -> Callable[[Object], None]:
    """A field of the Pods' that the server or a webhook adds."""
    return lambda live: live["spec"]["template"]["spec"].setdefault(key, value)


def noted(path: str, manager: str, key: str, value: str) -> Callable[[Applying], None]:
    """Somebody's annotation."""

    def write(live: Object) -> None:
        live["metadata"].setdefault("annotations", {})[key] = value

    return lambda objects: objects.edit(path, manager, write)


def hpa(objects: Applying) -> None:
    """An autoscaler that has scaled from 3 to 7 (KEDA makes one of these, too)."""
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}
    scaler = {"metadata": {"name": "theirs", "namespace": "n"}, "spec": {"scaleTargetRef": ref}}
    for version, collection in SCALERS.items():
        objects.add(collection, {"apiVersion": version, "kind": "HorizontalPodAutoscaler"} | scaler)
    objects.edit(DEPLOYMENT, "kube-controller-manager", lambda live: live["spec"].update(replicas=7))


def old_hpa(objects: Applying) -> None:
    """The same where the scale subresource is not recorded, as before Kubernetes 1.22."""
    hpa(objects)
    objects.kept[DEPLOYMENT]["metadata"]["managedFields"] = [
        one for one in objects.kept[DEPLOYMENT]["metadata"]["managedFields"] if one["manager"] == MANAGER
    ]


def restart(objects: Applying) -> None:
    """`kubectl rollout restart`."""

    def write(live: Object) -> None:
        metadata = live["spec"]["template"]["metadata"]
        metadata["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}

    objects.edit(DEPLOYMENT, "kubectl-rollout", write)


def sidecar(objects: Applying) -> None:
    """A mesh's webhook."""
    containers = {"name": "proxy", "image": "mesh"}
    objects.edit(DEPLOYMENT, "", lambda live: live["spec"]["template"]["spec"]["containers"].append(dict(containers)))


def finalizer(objects: Applying) -> None:
    """The AWS load balancer controller."""
    objects.edit(INGRESS, "controller", lambda live: live["metadata"].update(finalizers=["ingress.k8s.aws/resources"]))


def theirs(metadata: Object) -> Object:
    """The annotations that are not ours."""
    return {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in (NAMED, OURS)}


# What others write, and nothing of which makes it another version.
THEIRS: dict[str, Callable[[Applying], None]] = {
    "HPA": hpa,
    "HPA of old": old_hpa,
    "GKE": noted(INGRESS, "GoogleGCLB", "ingress.kubernetes.io/backends", '{"k8s": "HEALTHY"}'),
    "Rancher": noted(DEPLOYMENT, "rancher", "field.cattle.io/publicEndpoints", "[]"),
    "cert-manager": noted(INGRESS, "cert-manager", "cert-manager.io/issuer-kind", "Issuer"),
    "kubectl annotate": noted(SERVICE, "kubectl-annotate", "team", "blue"),
    "label": lambda objects: objects.edit(SERVICE, "a", lambda live: live["metadata"]["labels"].update(x="y")),
    "finalizer": finalizer,
    "upgrade": lambda objects: objects.edit(DEPLOYMENT, "", defaults("newDefault", {"of": ["an upgrade"]})),
    "service upgrade": lambda objects: objects.edit(SERVICE, "", lambda live: live["spec"].update(ipFamilies=["v4"])),
    "restart": restart,
    "sidecar": sidecar,
}
# What is written into fields that we have set: no version of ours, but ours with a change by others.
BY_HAND: dict[str, Callable[[Applying], None]] = {
    "scale": lambda objects: objects.edit(DEPLOYMENT, "kubectl", lambda live: live["spec"].update(replicas=5)),
    "set image": lambda objects: objects.edit(
        DEPLOYMENT,
        "kubectl-set",
        lambda live: live["spec"]["template"]["spec"]["containers"][0].update(image="by hand"),
    ),
    "edit service": lambda objects: objects.edit(
        SERVICE, "kubectl-edit", lambda live: live["spec"]["ports"][0].update(port=81)
    ),
    "our annotation": noted(INGRESS, "kubectl-annotate", OURS, "theirs"),
    "delete service": lambda objects: objects.kept.pop(SERVICE),
}
COMBINED = [
    pytest.param(tuple(some), id=" + ".join(some))
    for some in [
        *([one] for one in THEIRS),
        *itertools.combinations(("HPA", "GKE", "Rancher", "finalizer", "upgrade", "restart", "sidecar"), 2),
        [one for one in THEIRS if one != "HPA of old"],
    ]
]


@pytest.mark.parametrize("who", COMBINED)
def test_what_others_write_is_no_other_version(place: Place, who: tuple[str, ...]) -> None:
    place.release("v1", note="1")
    place.release("v2", note="2")
    for one in who:
        THEIRS[one](place.objects)
    foreign = {path: dict(place.objects.kept[path]["metadata"]) for path in (DEPLOYMENT, INGRESS, SERVICE)}
    replicas = place.deployment["spec"]["replicas"]
    assert kept_revision(place.store.client, Names("n", "app")) == "revision 2"
    assert listed(place.store)["current"] == 2
    with pytest.raises(KubeError, match="Revision 2 is what runs already"):
        place.store.pick(2)
    # Nothing of noise is kept, and the version before is what is gone back to, again and again.
    taken = place.store.take(5)
    assert (taken.written, taken.restorable) == (False, 2)
    assert place.go_back() == 1
    assert (place.image, place.numbers) == ("v1", [1, 2])
    assert place.deployment["spec"]["replicas"] == replicas
    for path, metadata in foreign.items():
        now = place.objects.kept[path]["metadata"]
        assert now.get("finalizers") == metadata.get("finalizers")
        assert theirs(now) == theirs(metadata)
    assert kept_revision(place.store.client, Names("n", "app")) == "revision 1"


@pytest.mark.parametrize("how", BY_HAND)
@pytest.mark.parametrize("who", [(), ("GKE", "upgrade", "finalizer"), ("restart", "Rancher")])
def test_a_change_by_hand_does_not_hide_what_runs(place: Place, who: tuple[str, ...], how: str) -> None:
    place.release("v1", note="1")
    place.release("v2", note="2")
    for one in who:
        THEIRS[one](place.objects)
    BY_HAND[how](place.objects)
    assert kept_revision(place.store.client, Names("n", "app")) == "revision 2, changed by others since"
    assert place.store.pick(0).number == 1
    # Asked for, it is put right.
    assert place.store.pick(2).number == 2
    assert place.go_back() == 1
    assert (place.image, place.deployment["spec"]["replicas"]) == ("v1", 3)
    assert [one["port"] for one in place.objects.kept[SERVICE]["spec"]["ports"]] == [80]


@pytest.mark.parametrize("how", BY_HAND)
def test_of_what_was_changed_by_hand_the_first_version_is_the_way_back(place: Place, how: str) -> None:
    place.release("v1", note="1")
    BY_HAND[how](place.objects)
    assert place.store.pick(0).number == 1


def test_five_releases_under_everybodys_eyes_are_five_revisions(place: Place) -> None:
    for number in range(1, 8):
        assert place.release(f"v{number}") == number
        for one in ("GKE", "Rancher", "finalizer", "restart", "sidecar"):
            THEIRS[one](place.objects)
    hpa(place.objects)
    assert place.numbers == [3, 4, 5, 6, 7]
    assert [place.go_back() for _ in range(4)] == [6, 5, 4, 3]
    assert place.deployment["spec"]["replicas"] == 7
    assert place.go_back(5) == 5
    assert place.image == "v5"
    with pytest.raises(KubeError, match="what ran before it is not kept"):
        place.go_back(3)
        place.store.pick(0)


def test_a_revision_that_is_part_of_another_is_told_from_it(place: Place) -> None:
    place.release("v1")
    place.release("v1", env={"MORE": "1"})
    assert place.store.pick(0).number == 1
    assert place.go_back() == 1
    assert place.deployment["spec"]["template"]["spec"]["containers"][0].get("env", []) == []
    # A run that was killed has applied another one, which was never verified: the last that was is the way back.
    place.deploy("v1", env={"OTHER": "1"})
    assert kept_revision(place.store.client, Names("n", "app")) == "of no kept revision"
    assert place.store.pick(0).number == 1
    assert place.store.pick(1).number == 1


def test_a_killed_run_is_not_what_ran_before(place: Place) -> None:
    place.release("v1")
    place.release("v2")
    place.deploy("v3")
    THEIRS["GKE"](place.objects)
    assert place.store.pick(0).number == 2
    assert place.store.take(5).written


@pytest.mark.parametrize("written", [0, 1])
def test_a_rollback_that_was_killed_is_finished_by_the_next(place: Place, written: int) -> None:
    place.release("v1", note="1")
    place.release("v2", note="2")
    wanted = place.store.pick(0).number
    place.store.take(5, wanted)
    way = planned(place.store, wanted)
    assert [one["kind"] for one in way["apply"]] == ["Deployment", "Ingress"]
    for one in way["apply"][:written]:
        place.objects.apply(place.store.client.path_of(one).rpartition("/")[0], one, MANAGER)
    assert place.go_back() == 1


def test_what_was_set_by_hand_is_kept_whole_before_it_is_overwritten(place: Place) -> None:
    place.release("v1")
    BY_HAND["set image"](place.objects)
    THEIRS["GKE"](place.objects)
    taken = place.store.take(5)
    assert taken.revision and taken.written and taken.revision.before == 1
    (deployment,) = (one for one in taken.revision.objects if one["kind"] == "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0] == {
        "name": "api",
        "image": "by hand",
        "args": ["serve"],
    }
    assert all("annotations" not in one["metadata"] for one in taken.revision.objects)


def as_before(place: Place) -> None:
    """Make every kept revision one that the version of this project before has made: whole objects, by their digest."""
    for path, secret in list(place.objects.kept.items()):
        if "-revision-" in path:
            found = rev.unpacked(secret)
            old = rev.packed("app", "n", rev.replace(found, own=False))
            old["metadata"]["annotations"].pop("fastapi-mysql-k8s/own")
            place.objects.kept[path] |= {"data": old["data"]}
            place.objects.kept[path]["metadata"]["annotations"] = old["metadata"]["annotations"]


@pytest.mark.parametrize("who", [*THEIRS, *(how for how in BY_HAND if how != "our annotation")])
def test_what_the_version_before_has_kept_is_known_and_restored(
    place: Place, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revision_store.own", cleaned
    )
    place.deploy("v1", note="1")
    THEIRS["GKE"](place.objects)
    place.release("v1", note="1")
    place.release("v2", note="2")
    monkeypatch.undo()
    as_before(place)
    place.deployment["metadata"]["annotations"].pop(NAMED)
    noted(INGRESS, "GoogleGCLB", "ingress.kubernetes.io/backends", "changed")(place.objects)
    (THEIRS | BY_HAND)[who](place.objects)
    last = place.numbers[-1]
    backends = place.objects.kept[INGRESS]["metadata"]["annotations"]["ingress.kubernetes.io/backends"]
    if who in THEIRS:
        assert not place.store.take(5).written
    assert place.go_back() == last - 1
    assert place.image == "v1"
    assert place.objects.kept[INGRESS]["metadata"]["annotations"] == {
        OURS: "1",
        "ingress.kubernetes.io/backends": backends,
    } | ({"cert-manager.io/issuer-kind": "Issuer"} if who == "cert-manager" else {})


def test_without_a_record_of_managers_the_name_on_the_deployment_counts(place: Place) -> None:
    place.release("v1")
    place.release("v2")
    for path in (DEPLOYMENT, INGRESS, SERVICE, f"{SECRETS}/app"):
        place.objects.kept[path]["metadata"].pop("managedFields")
    place.objects.kept[INGRESS]["metadata"]["annotations"] = {"ingress.kubernetes.io/backends": "x"}
    place.deployment["spec"]["template"]["spec"]["newDefault"] = 1
    assert not place.store.take(5).written
    place.deployment["spec"]["replicas"] = 5
    assert place.store.pick(0).number == 1
    # What is there beside ours may be anybody's: who asks for the version by its number gets it.
    place.deployment["spec"]["replicas"] = 3
    assert place.store.pick(2).number == 2


# Nothing that serves is removed first.

VALUE = {"reason": "FieldValueInvalid", "field": "spec.replicas", "message": "Invalid value: -1: must be at least 0"}
REFUSALS: dict[str, Reply] = {
    "a ValidatingAdmissionPolicy": denied("Deployments must have the label team"),
    "Kubewarden": invalid('admission webhook "clusterwide.kubewarden.admission" denied the request: no'),
    "Kyverno, 400": (400, {"message": 'admission webhook "validate.kyverno.svc-fail" denied the request: no'}),
    "Gatekeeper, 403": (403, {"message": 'admission webhook "validation.gatekeeper.sh" denied the request: no'}),
    "a value out of range": invalid("spec.replicas: Invalid value: -1", VALUE),
    "a webhook that names a field": invalid("no", {"field": "spec.selector", "message": "spec.selector is immutable"}),
    "a cause of no shape": invalid("no", {"reason": "FieldValueInvalid", "message": "field is immutable"}),
    "no details": (422, {"message": "field is immutable"}),
}


@pytest.mark.parametrize("methods", [("PATCH", "PUT"), ("PATCH", "PUT", "POST")])
@pytest.mark.parametrize("why", REFUSALS)
def test_what_is_refused_leaves_what_serves(place: Place, why: str, methods: tuple[str, ...]) -> None:
    """Also where a policy is for updates alone, and a new object of another name would be accepted."""
    place.release("v1")
    place.release("v2")
    place.objects.policy = lambda method, body: (
        REFUSALS[why] if body["kind"] == "Deployment" and method in methods else None
    )
    before = dict(place.objects.kept)
    for attempt in (lambda: planned(place.store, 1), lambda: planned(place.store, 1)):
        with pytest.raises(RefusedError, match=r"The cluster refuses Deployment app: .* Nothing was applied"):
            attempt()
    assert place.objects.kept == before


def scaled(least: int) -> Object:
    """An autoscaler of the target's own."""
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}
    spec = {"scaleTargetRef": ref, "minReplicas": least, "maxReplicas": 9}
    return item("HorizontalPodAutoscaler", "autoscaling/v2", spec=spec)


def test_an_autoscaler_of_the_set_comes_back_with_it(place: Place) -> None:
    """And one that was not there before goes, without taking the replicas along."""
    place.release("a")
    for collection in SCALERS.values():
        place.objects.apply(collection, scaled(2), MANAGER)
    place.objects.edit(DEPLOYMENT, "kube-controller-manager", lambda live: live["spec"].update(replicas=7))
    found = place.store.take(5)
    assert found.revision is not None
    place.store.record("deployed", 1, 5, {})
    back = planned(place.store, 1)
    assert [one["kind"] for one in back["remove"]] == ["HorizontalPodAutoscaler"]
    (deployment,) = [one for one in [*back["apply"], *back["replace"]] if one["kind"] == "Deployment"]
    assert deployment["spec"]["replicas"] == 3

    for collection in SCALERS.values():
        place.objects.apply(collection, scaled(4), MANAGER)
    again = planned(place.store, found.revision.number)
    (scaler,) = [one for one in again["apply"] if one["kind"] == "HorizontalPodAutoscaler"]
    assert (scaler["apiVersion"], scaler["spec"]["minReplicas"]) == ("autoscaling/v2", 2)
    assert all(one["spec"]["replicas"] == 7 for one in again["apply"] if one["kind"] == "Deployment")


def test_an_autoscaler_comes_back_in_the_version_that_it_was_kept_in(place: Place) -> None:
    """A cluster that was upgraded since: the same load is another field in each."""
    place.objects.missing.add(SCALERS["autoscaling/v2"])
    place.objects.apply(SCALERS["autoscaling/v1"], scaled(2) | {"apiVersion": "autoscaling/v1"}, MANAGER)
    place.release("a")
    place.objects.missing.clear()
    for version, collection in SCALERS.items():
        place.objects.apply(collection, scaled(4) | {"apiVersion": version}, MANAGER)
    (back,) = [one for one in planned(place.store, 1)["apply"] if one["kind"] == "HorizontalPodAutoscaler"]
    assert (back["apiVersion"], back["spec"]["minReplicas"]) == ("autoscaling/v1", 2)


def test_files_of_the_set_come_back_with_it(place: Place) -> None:
    files = {"metadata": {"name": "app-files", "namespace": "n", "labels": {MARK: "app"}}, "data": {"file.a": "1"}}
    place.objects.apply(MAPS, item("ConfigMap") | files, MANAGER)
    place.release("a")
    place.objects.apply(MAPS, item("ConfigMap") | files | {"data": {"file.b": "2"}}, MANAGER)
    place.release("b")
    (back,) = [one for one in planned(place.store, 1)["apply"] if one["kind"] == "ConfigMap"]
    assert back["data"] == {"file.a": "1"}


def test_another_selector_is_made_again_as_it_was_accepted(place: Place) -> None:
    place.release("v1", selector="old")
    del place.objects.kept[DEPLOYMENT]
    place.release("v2", selector="new")
    hpa(place.objects)
    way = planned(place.store, 1)
    (pair,) = way["again"]
    assert pair["reference"]["metadata"] == {
        "name": "app",
        "namespace": "n",
        "uid": place.deployment["metadata"]["uid"],
    }
    assert pair["next"]["spec"]["selector"] == {"matchLabels": {"a": "old"}}
    # An autoscaler's replicas go along; and what is put back, should that be refused after all, is the whole of it.
    assert pair["next"]["spec"]["replicas"] == 7
    assert pair["before"]["spec"] == place.deployment["spec"]
    assert "uid" not in pair["before"]["metadata"]
    assert (way["remove"], [one["kind"] for one in way["apply"]]) == ([], ["Service"])
    assert "Deployment app (made again)" in way["titles"]
    assert f"{DEPLOYMENTS}/app-next" not in place.objects.kept


@pytest.mark.parametrize("why", REFUSALS)
def test_another_selector_that_is_refused_as_a_new_object_leaves_what_serves(place: Place, why: str) -> None:
    place.release("v1", selector="old")
    del place.objects.kept[DEPLOYMENT]
    place.release("v2", selector="new")
    place.objects.policy = lambda method, body: REFUSALS[why] if method == "POST" else None
    with pytest.raises(RefusedError, match="Deployment app: "):
        planned(place.store, 1)


def test_an_immutable_secret_is_made_again(place: Place) -> None:
    place.release("v1")
    cause = {
        "reason": "FieldValueForbidden",
        "field": "data",
        "message": "Forbidden: field is immutable when `immutable` is set",
    }
    place.objects.edit(
        f"{SECRETS}/app", "kubectl-edit", lambda live: live.update(immutable=True, data={"PASSWORD": "eA=="})
    )
    place.objects.policy = lambda method, body: (
        invalid("no", cause) if body["kind"] == "Secret" and method != "POST" else None
    )
    way = planned(place.store, 1)
    assert [one["next"]["data"] for one in way["again_secrets"]] == [{"PASSWORD": PASSWORD}]
    assert (way["apply_secrets"], way["again"]) == ([], [])


def test_what_a_controller_has_made_with_our_labels_is_the_controllers(place: Place) -> None:
    """Flagger's `-primary`, a replicator's Secret."""
    place.release("v1")
    place.release("v2")
    primary = manifests("v1", {})[DEPLOYMENTS]
    primary["metadata"] |= {"name": "app-primary", "ownerReferences": [{"kind": "Canary", "name": "app"}]}
    place.objects.add(DEPLOYMENTS, primary)
    assert planned(place.store, 1)["remove"] == []
    assert all(one["metadata"]["name"] == "app" for one in planned(place.store, 0)["remove"])


def test_every_delete_names_the_uid_that_was_looked_at(place: Place) -> None:
    for number in range(1, 5):
        place.release(f"v{number}", limit=2)
    assert place.numbers == [3, 4]
    gone = {one["kind"]: one["metadata"]["uid"] for one in planned(place.store, 0)["remove"]}
    assert gone == {
        kind: place.objects.kept[path]["metadata"]["uid"]
        for kind, path in (
            ("Ingress", INGRESS),
            ("Deployment", DEPLOYMENT),
            ("Service", SERVICE),
            ("Secret", f"{SECRETS}/app"),
        )
    }
    assert len(place.objects.deleted) == 2
    assert all(body["preconditions"]["uid"] for body in place.objects.deleted)


# Evidence is of a deployment.


@pytest.mark.parametrize(
    "who", ["HPA", "HPA of old", "GKE", "Rancher", "cert-manager", "kubectl annotate", "finalizer"]
)
def test_evidence_is_not_made_old_by_what_others_write(place: Place, who: str) -> None:
    place.release("v1", note="1")

    def now() -> list[str]:
        found = [place.objects.kept[path] for path in (DEPLOYMENT, SERVICE, INGRESS)]
        return identity(*found, autoscalers=scalers(place.store.client, "n"))

    hpa(place.objects)
    before = now()
    THEIRS[who](place.objects)
    place.deployment["spec"]["replicas"] = 5
    assert now() == before
    BY_HAND["our annotation"](place.objects)
    assert now() != before
    place.release("v1", note="2")
    assert now() != before
