"""Planning a set of objects; the real dry runs are tested on a real cluster."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import (
    KubeClient,
    encoded,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import (
    Cluster,
    Credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import (
    KubeError,
    UnauthorizedError,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.changes import SERVER_SIDE, changes
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.managed_fields import (
    MANAGER,
    MARK,
    replacement,
    touched_by_others,
    yielded,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.plan import (
    Planned,
    Planner,
    RefusedError,
    beyond,
    described,
    summary,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.planning import parsed, shown

from fake_api_server import Reply, serving, status

Object = dict[str, Any]
APIS = ["v1", "apps/v1", "autoscaling/v1", "networking.k8s.io/v1", "policy/v1beta1"]
SECRET: Object = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "n"},
    "data": {"A": "c2VjcmV0"},
}
SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "w", "namespace": "n"},
    "spec": {"ports": []},
}
SPACE: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
OURS = {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {}}}
BY_HAND = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:ports": {}}}}


def planner(server: str) -> Planner:
    client = KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=2)
    return Planner(client, "n", "me", APIS)


def is_list(path: str) -> bool:
    return "labelSelector=" in path or path.endswith("autoscalers")


def test_all_refusals_are_told_and_nothing_is_written() -> None:
    asked: list[tuple[str, str]] = []

    def route(method: str, path: str, body: Object) -> Reply:
        asked.append((method, path))
        return status(404, "not there") if method == "GET" else status(422, f"{body['kind']} is invalid")

    with serving(route) as server, pytest.raises(RefusedError) as error:
        planner(server).plan([SECRET, SERVICE])
    assert "Secret s: Secret is invalid; Service w: Service is invalid" in str(error.value)
    assert "Nothing was applied" in str(error.value)
    assert all("dryRun=All" in path for method, path in asked if method != "GET")


def test_expired_credentials_are_no_refusal_of_a_manifest() -> None:
    with serving(lambda *_: status(401, "UnauthorizedError")) as server, pytest.raises(UnauthorizedError):
        planner(server).plan([SECRET])


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422, 500])
def test_what_namespace_default_refuses_is_a_note_for_a_namespace_to_come(code: int) -> None:
    """Policies protect `default`, of all namespaces: Kyverno answers 400, a ValidatingAdmissionPolicy 422."""

    def route(method: str, path: str, body: Object) -> Reply:
        if method == "GET" or "/namespaces/n/" in path:
            return status(404, "not there")
        bad = "/namespaces/default/" in path and body["kind"] == "Secret"
        return status(code, "not allowed in default") if bad else (200, body)

    with serving(route) as server:
        space, secret, service = planner(server).plan([SPACE, SECRET, SERVICE])
    assert (space.action, secret.action, service.action) == ("create", "create", "create")
    assert service.notes == ["namespace n is not there yet: shown as rendered, checked in namespace default"]
    assert secret.notes[0].startswith("namespace n is not there yet: shown as rendered")
    assert ("not allowed in default" in secret.notes[0]) == (code not in (403, 404))


def test_expired_credentials_are_no_note() -> None:
    def route(method: str, path: str, body: Object) -> Reply:
        return status(401 if "/namespaces/default/" in path else 404, "no")

    with serving(route) as server, pytest.raises(UnauthorizedError):
        planner(server).plan([SPACE, SECRET])


def test_a_namespace_that_is_there_is_left_alone() -> None:
    def route(method: str, path: str, body: Object) -> Reply:
        return (200, {"items": []} if is_list(path) else deepcopy(SPACE)) if method == "GET" else status(403, "no")

    with serving(route) as server:
        assert planner(server).plan([SPACE])[0].action == "left"


@pytest.mark.parametrize(
    ("live", "applied", "replaced", "action"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1}, "left"),
        ({"a": 1}, {"a": 2}, {"a": 2}, "change"),
        ({"a": 1, "foreign": 1}, {"a": 1, "foreign": 1}, {"a": 1}, "replace"),
        ({"a": 1, "foreign": 1}, {"a": 2, "foreign": 1}, {"a": 2}, "replace"),
    ],
)
def test_actions(live: Object, applied: Object, replaced: Object, action: str) -> None:
    answers = {"GET": live, "PATCH": applied, "PUT": replaced}

    def route(method: str, path: str, body: Object) -> Reply:
        if is_list(path):
            return 200, {"items": []}
        metadata = {"name": "w", "namespace": "n", "resourceVersion": method, "managedFields": [OURS, BY_HAND]}
        return 200, {"kind": "Service", "metadata": metadata, "spec": answers[method], "status": {"at": method}}

    with serving(route) as server:
        planned = planner(server).plan([SERVICE])[0]
    assert planned.action == action
    assert (planned.whole is not None) == (action in ("change", "replace"))
    paths = {change.path for change in planned.fields}
    assert paths == {f"spec.{key}" for key in {*live, *replaced} if live.get(key) != replaced.get(key)}


def test_drift_that_an_apply_cannot_mend_is_replaced() -> None:
    """A port edited by hand: to an apply there are two then, of one name."""

    def route(method: str, path: str, body: Object) -> Reply:
        if is_list(path):
            return 200, {"items": []}
        if method == "PATCH":
            return status(422, "Duplicate value")
        metadata = {"name": "w", "namespace": "n", "resourceVersion": "1", "managedFields": [OURS, BY_HAND]}
        spec = {"a": 1} if method == "GET" else body["spec"]
        return 200, {"kind": "Service", "metadata": metadata, "spec": spec}

    with serving(route) as server:
        planned = planner(server).plan([SERVICE])[0]
    assert planned.action == "replace"
    assert {change.path for change in planned.fields} == {"spec.a", "spec.ports"}


def test_what_only_we_have_written_costs_one_dry_run() -> None:
    asked: list[str] = []

    def route(method: str, path: str, body: Object) -> Reply:
        asked.append(method)
        metadata = {"name": "w", "namespace": "n", "managedFields": [OURS]}
        return (200, {"items": []}) if is_list(path) else (200, {"kind": "Service", "metadata": metadata, "spec": {}})

    with serving(route) as server:
        assert planner(server).plan([SERVICE])[0].action == "left"
    assert asked.count("PATCH") == 1
    assert "PUT" not in asked


def test_what_left_the_manifests_is_deleted_only_with_our_mark() -> None:
    def labelled(name: str, **labels: str) -> Object:
        return {"metadata": {"name": name, "namespace": "n", "resourceVersion": "1", "uid": name, "labels": labels}}

    def route(method: str, path: str, body: Object) -> Reply:
        if path.endswith("autoscalers"):
            # Asked for without a selector, for those of others count too.
            return 200, {"items": [labelled("theirs"), labelled("similar", **{MARK: "me-too"})]}
        if "/services?" in path:
            assert "fastapi-mysql-k8s%2Ftarget%3Dme" in path
            return 200, {"items": [labelled("old", **{MARK: "me"}), labelled("w", **{MARK: "me"})]}
        return (200, {"items": []}) if is_list(path) else (200, body or labelled("w"))

    with serving(route) as server:
        planned = planner(server).plan([SERVICE])
    assert [(item.title, item.action) for item in planned if item.action == "delete"] == [("Service old", "delete")]


def test_what_was_made_for_another_target_is_not_taken_from_it() -> None:
    def route(method: str, path: str, body: Object) -> Reply:
        metadata = {"name": "w", "namespace": "n", "labels": {MARK: "another"}}
        return (200, {"items": []}) if is_list(path) else (200, {"kind": "Service", "metadata": metadata, "spec": {}})

    with (
        serving(route) as server,
        pytest.raises(RefusedError, match="Service w: it was made for another target, another"),
    ):
        planner(server).plan([SERVICE])


def test_what_is_owned_is_what_bears_the_mark() -> None:
    def route(method: str, path: str, body: Object) -> Reply:
        assert method == "GET"
        names = {"services": "w", "ingresses": "i", "secrets": "s"}
        plural = path.rpartition("/")[2].partition("?")[0]
        items = (
            [{"metadata": {"name": names[plural], "namespace": "n", "labels": {MARK: "me"}}}] if plural in names else []
        )
        similar = {"metadata": {"name": "similar", "namespace": "n", "labels": {MARK: "me-too"}}}
        return 200, {"items": [*items, similar]}

    with serving(route) as server:
        owned = planner(server).owned()
    assert [item["metadata"]["name"] for item in owned] == ["i", "w", "s"]


@pytest.mark.parametrize("served", [True, False])
def test_a_route_that_takes_the_place_of_an_ingress_is_applied_before_that_is_deleted(served: bool) -> None:
    gateways, asked = "gateway.networking.k8s.io/v1", []
    route = {"apiVersion": gateways, "kind": "HTTPRoute", "metadata": {"name": "w", "namespace": "n"}, "spec": {}}

    def answer(method: str, path: str, body: Object) -> Reply:
        asked.append(path)
        if method == "PATCH":
            return 200, body
        if "/ingresses?" in path:
            return 200, {"items": [{"metadata": {"name": "w", "namespace": "n", "labels": {MARK: "me"}}}]}
        return (200, {"items": []}) if is_list(path) else status(404, "not there")

    with serving(answer) as server:
        made = planner(server)
        made.apis = ["networking.k8s.io/v1", *([gateways] if served else [])]
        planned = made.plan([route])
    assert [(item.kind, item.action) for item in planned] == [("HTTPRoute", "create"), ("Ingress", "delete")]
    # Of a cluster without Gateways nobody lists HTTPRoutes.
    assert any("/httproutes?" in path for path in asked) is served


def test_a_namespace_is_never_looked_for_to_be_deleted() -> None:
    from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.plan import PRUNABLE

    assert "Namespace" not in {kind for _, kind in PRUNABLE}


def test_hands_leave_traces() -> None:
    def touched(*entries: Object) -> bool:
        return touched_by_others({"metadata": {"managedFields": list(entries)}})

    controller = {"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:status": {}}}
    assert not touched(OURS, controller)
    assert touched(OURS, controller, BY_HAND)
    assert touched(OURS, {**OURS, "operation": "Update"})
    assert touched()


@pytest.mark.parametrize(
    ("mark", "said"), [(None, "somebody else has made it"), ("another", "made for another target")]
)
def test_what_no_rollback_would_bring_back_is_not_written_over(mark: str | None, said: str) -> None:
    files = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "me-files", "namespace": "n"}, "data": {}}
    live = deepcopy(files)
    live["metadata"]["labels"] = {MARK: mark} if mark else {"app": "theirs"}

    def route(method: str, path: str, body: Object) -> Reply:
        assert method == "GET"
        return 200, {"items": []} if is_list(path) else live

    with serving(route) as server, pytest.raises(RefusedError, match=f"ConfigMap me-files: .*{said}"):
        planner(server).plan([files])


def test_replicas_stay_with_an_autoscaler() -> None:
    manifest = {"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 3}}
    live = {"metadata": {"name": "d"}, "spec": {"replicas": 7}}
    scaler = {"metadata": {"name": "h"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}}}
    wanted, notes = yielded(manifest, live, [scaler])
    assert wanted["spec"]["replicas"] == 7
    assert notes == ["spec.replicas stays 7: it belongs to HorizontalPodAutoscaler h"]
    assert manifest["spec"] == {"replicas": 3}
    other = {"metadata": {"name": "h"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "e"}}}
    assert yielded(manifest, live, [other]) == (manifest, [])


def test_replicas_that_nobody_names_stay_as_they_are() -> None:
    """An apply that no longer names a field takes it away: one Pod would be left of seven."""
    manifest: Object = {"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"a": 1}}
    live = {"metadata": {"name": "d"}, "spec": {"replicas": 7}}
    wanted, notes = yielded(manifest, live, [])
    assert (wanted["spec"], notes) == ({"a": 1, "replicas": 7}, [])
    assert manifest["spec"] == {"a": 1}


def deployment(**spec: object) -> Object:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "me", "namespace": "n"}, "spec": spec}


def scaler(name: str = "me", version: str = "autoscaling/v2", **more: object) -> Object:
    """An autoscaler of that Deployment."""
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "me"}
    metadata = {"name": name, "namespace": "n", "labels": {MARK: "me"} if name == "me" else {}}
    spec = {"scaleTargetRef": ref, "minReplicas": 2, "maxReplicas": 5} | more
    return {"apiVersion": version, "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": spec}


def scaling(manifests: list[Object], *live: Object, apis: tuple[str, ...] = ("autoscaling/v2",)) -> dict[str, Planned]:
    """The plan, on a cluster that has these objects, in each version of their group, by kind."""

    def shown(one: Object, path: str) -> Object:
        # As stored in version 1 a load is another field.
        spec = {key: value for key, value in one["spec"].items() if "/autoscaling/v2/" in path or key != "metrics"}
        return one | {"apiVersion": "/".join(path.split("/")[2:4]), "spec": spec}

    def route(method: str, path: str, body: Object) -> Reply:
        if method != "GET":
            return 200, body
        kind = path.split("?")[0].split("/namespaces/n/")[1]
        if is_list(path):
            plural = kind.removesuffix("s")
            return 200, {"items": [shown(one, path) for one in live if one["kind"].lower() == plural]}
        plural, _, name = kind.partition("/")
        found = [one for one in live if f"{one['kind'].lower()}s" == plural and one["metadata"]["name"] == name]
        return (200, shown(found[0], path)) if found else status(404, "not there")

    with serving(route) as server:
        one = planner(server)
        one.apis = ["v1", "apps/v1", *apis, "autoscaling/v1"]
        return {item.kind: item for item in one.plan(manifests)}


def test_a_first_deployment_begins_with_the_least_that_its_autoscaler_keeps() -> None:
    planned = scaling([deployment(), scaler()])
    assert planned["Deployment"].manifest["spec"] == {"replicas": 2}


def test_what_an_autoscaler_of_the_set_has_scaled_is_left_as_it_is() -> None:
    live = deployment(replicas=4)
    live["metadata"]["labels"] = {MARK: "me"}
    wanted = deployment() | {"metadata": live["metadata"]}
    planned = scaling([wanted, scaler()], live, scaler())
    assert [(item.kind, item.action) for item in planned.values()] == [
        ("Deployment", "left"),
        ("HorizontalPodAutoscaler", "left"),
    ]


def test_an_autoscaler_that_is_not_wanted_any_more_leaves_no_replicas() -> None:
    live = deployment(replicas=4)
    live["metadata"]["labels"] = {MARK: "me"}
    planned = scaling([deployment(replicas=3)], live, scaler())
    assert planned["Deployment"].manifest["spec"] == {"replicas": 3}
    assert planned["HorizontalPodAutoscaler"].action == "delete"


def test_two_autoscalers_of_one_deployment_are_refused() -> None:
    said = "HorizontalPodAutoscaler me: theirs looks after Deployment me already: remove one of them"
    with pytest.raises(RefusedError, match=said):
        scaling([deployment(), scaler()], scaler("theirs"))
    # Of another Deployment's, nobody minds.
    other = scaler("theirs", scaleTargetRef={"kind": "Deployment", "name": "other"})
    assert scaling([deployment(), scaler()], other)["HorizontalPodAutoscaler"].action == "create"


def test_an_autoscaler_is_compared_in_the_version_that_it_is_written_in() -> None:
    wanted = scaler(version="autoscaling/v1")
    planned = scaling([wanted], scaler(metrics=[{"type": "Resource"}]))
    assert planned["HorizontalPodAutoscaler"].action == "left"
    assert scaling([wanted], wanted, apis=())["HorizontalPodAutoscaler"].action == "left"


def test_a_field_that_somebody_else_applies_stays_theirs() -> None:
    manifest = {"kind": "Service", "metadata": {"name": "d"}, "spec": {"type": "ClusterIP", "a": {"b": 1}}}
    theirs = {"manager": "flux", "operation": "Apply", "fieldsV1": {"f:spec": {"f:a": {"f:b": {}}, "f:z": {}}}}
    edited = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:type": {}}}}
    live = {"metadata": {"managedFields": [theirs, edited]}, "spec": {"type": "NodePort", "a": {"b": 2}, "z": 1}}
    wanted, notes = yielded(manifest, live, [])
    assert wanted["spec"] == {"type": "ClusterIP", "a": {"b": 2}}
    assert notes == ["spec.a.b stays 2: it belongs to flux"]


def test_who_applies_a_part_of_an_object_empty_claims_nothing_in_it() -> None:
    """As Kubernetes has written it down since some release after 1.20."""
    manifest = {"kind": "Service", "metadata": {"name": "d"}, "spec": {"type": "ClusterIP", "selector": {"a": "b"}}}
    ours = {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:type": {}, "f:selector": {}}}}
    empty = {"manager": "flux", "operation": "Apply", "fieldsV1": {"f:spec": {}}}
    live = {"metadata": {"managedFields": [ours, empty]}, "spec": {"type": "NodePort", "selector": {"a": "c"}}}
    assert yielded(manifest, live, []) == (manifest, [])
    # What is owned as a whole is theirs as a whole.
    whole = {"manager": "flux", "operation": "Apply", "fieldsV1": {"f:spec": {"f:selector": {}}}}
    live["metadata"]["managedFields"] = [ours, whole]
    assert yielded(manifest, live, [])[1] == ["spec.selector stays {'a': 'c'}: it belongs to flux"]


def test_of_a_secret_that_somebody_else_applies_no_value_is_told() -> None:
    manifest = {"kind": "Secret", "metadata": {"name": "d"}, "data": {"KEY": "b3Vycw=="}}
    theirs = {"manager": "external-secrets", "operation": "Apply", "fieldsV1": {"f:data": {"f:KEY": {}}}}
    live = {"metadata": {"managedFields": [theirs]}, "data": {"KEY": "dGhlaXJz"}}
    wanted, notes = yielded(manifest, live, [])
    assert wanted["data"] == live["data"]
    assert notes == ["data.KEY stays (hidden): it belongs to external-secrets"]


def test_a_field_in_a_list_that_somebody_else_applies_stays_theirs() -> None:
    def pod(image: str, memory: str, value: str, *more: Object) -> Object:
        api = {"name": "api", "image": image, "resources": {"requests": {"memory": memory, "cpu": "5m"}}}
        api |= {
            "env": [{"name": "A", "value": value}, {"name": "B", "value": "ours"}],
            "ports": [{"containerPort": 80}],
        }
        return {"spec": {"template": {"spec": {"containers": [{"name": "other", "image": "o"}, api, *more]}}}}

    env = {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}, 'k:{"name":"Z"}': {".": {}, "f:value": {}}}
    ports = {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
    api = {"f:name": {}, "f:image": {}, "f:resources": {"f:requests": {"f:memory": {}}}, "f:env": env, "f:ports": ports}
    gone = {'k:{"name":"gone"}': {".": {}, "f:name": {}, "f:image": {}}}
    containers = {'k:{"name":"api"}': {".": {}, **api}, **gone}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}
    theirs = {
        "manager": "flux",
        "operation": "Apply",
        "fieldsV1": fields | {"f:metadata": {"f:finalizers": {"v:x": {}}}},
    }
    manifest = {"kind": "Deployment", "metadata": {"name": "d"}} | pod("ours", "64Mi", "1")
    live = {"metadata": {"managedFields": [theirs]}} | pod("theirs", "80Mi", "2", {"name": "gone", "image": "g"})
    before = deepcopy(manifest)
    wanted, notes = yielded(manifest, live, [])
    assert manifest == before
    assert wanted["spec"] == pod("theirs", "80Mi", "2")["spec"]
    place = "spec.template.spec.containers[api]"
    assert notes == [
        f"{place}.image stays theirs: it belongs to flux",
        f"{place}.resources.requests.memory stays 80Mi: it belongs to flux",
        f"{place}.env[A].value stays 2: it belongs to flux",
    ]


def test_a_replacement_keeps_what_belongs_to_others_in_the_metadata() -> None:
    manifest: Object = {
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}},
    }
    applied = deepcopy(manifest)
    applied["metadata"] = {"name": "d", "uid": "1", "finalizers": ["f"], "annotations": {"other": "x"}}
    applied["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
    wanted = replacement(manifest, applied, {}, SERVER_SIDE)
    assert wanted["metadata"] == {"name": "d", "finalizers": ["f"], "annotations": {"other": "x"}}
    assert wanted["spec"]["template"]["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "now"}
    assert manifest["metadata"] == {"name": "d"}


def test_a_replaced_service_keeps_its_address() -> None:
    live = {
        "metadata": {"resourceVersion": "9"},
        "spec": {"clusterIP": "198.18.0.1", "clusterIPs": ["198.18.0.1"], "type": "NodePort"},
    }
    spec = replacement(SERVICE, {"metadata": {"name": "w"}}, live, SERVER_SIDE)["spec"]
    assert spec == {"ports": [], "clusterIP": "198.18.0.1", "clusterIPs": ["198.18.0.1"]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": True}, ["a: 1 → true"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["a.c: 2 → –"]),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "B", "value": "3"}]},
            ['env[A]: {"name": "A", "value": "1"} → –', "env[B].value: 2 → 3"],
        ),
        (
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"name": "B"}, {"name": "A"}]},
            ['env (order): ["A", "B"] → ["B", "A"]'],
        ),
        ({"args": ["a", "b"]}, {"args": ["a", "c"]}, ["args[1]: b → c"]),
    ],
)
def test_changes_field_by_field(before: Object, after: Object, expected: list[str]) -> None:
    assert [change.shown() for change in changes(before, after)] == expected


def test_more_deletions_than_are_done_unasked() -> None:
    gone = [Planned({**SERVICE, "metadata": {"name": name}}, "delete") for name in ("a", "b")]
    assert beyond([*gone, Planned(SECRET, "left")], 2) == ""
    assert "(Service a, Service b), and at most 1 are deleted unasked" in beyond(gone, 1)
    assert beyond(gone, 1).endswith("-e workload_prune_limit=2.")


def test_a_secret_is_told_without_a_value() -> None:
    live = {
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"last": "old-value"}},
        "data": {"A": "b2xk", "B": "c2FtZQ=="},
    }
    after = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"A": "bmV3", "B": "c2FtZQ=="}}
    planned = Planned(SECRET, "change", live, live, after)
    diff = shown(planned)
    text = json.dumps([diff, described([planned]), summary([planned], [])])
    assert not any(value in text for value in ("b2xk", "bmV3", "c2FtZQ==", "c2VjcmV0", "old-value"))
    assert "A: (hidden, new value)" in diff["after"]
    assert "B: (hidden)" in diff["after"]
    assert described([planned])[0]["fields"][0] == {"path": "data.A", "before": "(hidden)", "after": "(hidden)"}


@pytest.mark.parametrize("text", ["a: [", "- 1", "kind: Pod"])
def test_texts_that_are_no_manifests(text: str) -> None:
    with pytest.raises(KubeError, match="A rendered manifest"):
        parsed([text])


def test_a_text_that_an_apply_cannot_carry_is_written_as_a_whole() -> None:
    assert not Planned({**SPACE, "text": "é"}, "create").as_whole
    assert Planned({**SPACE, "text": "🔑"}, "create").as_whole
    assert not Planned({**SPACE, "text": "🔑"}, "left").as_whole
    assert Planned(SPACE, "replace").as_whole


def test_a_body_is_json_and_yaml_at_once() -> None:
    body = {"text": '🔑 é\x85\u2028\x7f \ufeff\n\t\x00 \\ "'}
    text = encoded(body)
    assert json.loads(text) == body
    assert yaml.safe_load(text.replace(b"\\u0000", b"").decode()) == {"text": body["text"].replace("\x00", "")}


WEBHOOK = 'admission webhook "inject.mesh.example.org" does not support dry run'
FIELDS = {
    "f:metadata": {"f:labels": {"f:a": {}}},
    "f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}}}, "f:type": {}},
}
WANTED: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "w", "namespace": "n", "labels": {"a": "b"}, "annotations": {}},
    "spec": {"type": "ClusterIP", "ports": [{"port": 80, "name": "http"}], "externalIPs": []},
}


def untried(live: Object | None, manifest: Object = WANTED) -> Planned:
    """What is planned where the API server answers every dry run as documented for such a webhook."""

    def route(method: str, path: str, body: Object) -> Reply:
        if is_list(path):
            return 200, {"items": []}
        if method == "GET":
            return (200, live) if live else status(404, "not there")
        return status(400, WEBHOOK)

    with serving(route) as server:
        return planner(server).plan([manifest])[0]


def as_it_runs(**spec: Any) -> Object:
    """What a cluster makes of WANTED, defaults and the notes of others included."""
    port = {"port": 80, "name": "http", "protocol": "TCP", "targetPort": 80}
    record = [{"manager": MANAGER, "operation": "Apply", "fieldsV1": FIELDS}]
    record.append({"manager": "mesh", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {}}}})
    metadata = {"name": "w", "namespace": "n", "uid": "1", "labels": {"a": "b", "mesh": "x"}, "managedFields": record}
    found = {"type": "ClusterIP", "ports": [port], "clusterIP": "198.18.0.9", "sessionAffinity": "None"} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata | {"annotations": {"mesh": "y"}}, "spec": found}


def test_what_a_webhook_does_not_let_be_tried_is_compared_by_our_fields() -> None:
    planned = untried(as_it_runs())
    assert planned.action == "left"
    assert "webhook inject.mesh.example.org does not support dry runs" in planned.notes[0]


@pytest.mark.parametrize(
    ("live", "manifest"),
    [
        (as_it_runs(type="NodePort"), WANTED),
        (as_it_runs(ports=[{"port": 81, "name": "http", "protocol": "TCP"}]), WANTED),
        (as_it_runs(), {**WANTED, "spec": {**WANTED["spec"], "type": "LoadBalancer"}}),
        (as_it_runs(), {**WANTED, "spec": {**WANTED["spec"], "externalIPs": ["198.18.0.1"]}}),
        (as_it_runs(), {**WANTED, "spec": {"ports": WANTED["spec"]["ports"]}}),
        (as_it_runs(), {**WANTED, "metadata": {**WANTED["metadata"], "labels": {"a": "c"}}}),
    ],
)
def test_what_differs_there_is_applied(live: Object, manifest: Object) -> None:
    planned = untried(live, manifest)
    assert planned.action == "change"
    assert planned.fields
    assert planned.notes
    assert untried(None, manifest).action == "create"


def test_a_cluster_without_a_record_of_fields_is_compared_by_what_is_asked_for() -> None:
    live = as_it_runs()
    del live["metadata"]["managedFields"]
    assert untried(live).action == "left"
    assert untried(live, {**WANTED, "spec": {"type": "NodePort"}}).action == "change"


def test_another_refusal_with_that_status_is_one() -> None:
    def route(method: str, path: str, body: Object) -> Reply:
        return status(404, "not there") if method == "GET" else status(400, "admission webhook denied the request")

    with serving(route) as server, pytest.raises(RefusedError, match="denied the request"):
        planner(server).plan([WANTED])
