"""What is deleted is what was looked at, and what does not go says why."""

from __future__ import annotations

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.removal import RemovalError, remove

from fake_api_server import Reply, serving
from fake_cluster import FakeCluster
from fake_objects import Object, client


def reference(item: Object, **metadata: str) -> Object:
    named = {key: item["metadata"][key] for key in ("name", "namespace", "uid") if key in item["metadata"]}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": named | metadata}


def space(cluster: FakeCluster) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", **cluster.kept["/api/v1/namespaces/n"]}


def test_each_is_deleted_by_its_uid_and_what_is_gone_is_fine() -> None:
    cluster = FakeCluster()
    one = cluster.put("v1", "services", "one")
    two = cluster.put("apps/v1", "deployments", "two")
    bodies: list[Object] = []

    def route(method: str, path: str, body: Object) -> Reply:
        bodies.extend([body] if method == "DELETE" else [])
        return cluster.route(method, path, body)

    with serving(route) as server:
        wanted = [reference(one), reference(two)]
        assert remove(client(server), wanted, 1, dry=True) == ["Service one", "Deployment two"]
        assert bodies == []
        assert remove(client(server), wanted, 1) == ["Service one", "Deployment two"]
        assert remove(client(server), wanted, 1) == []
    assert [body["preconditions"] for body in bodies] == [{"uid": item["metadata"]["uid"]} for item in (one, two)]


@pytest.mark.parametrize("kind", ["Service", "Namespace"])
def test_one_of_the_same_name_that_came_later_stays(kind: str) -> None:
    cluster = FakeCluster()
    item = space(cluster) if kind == "Namespace" else cluster.put("v1", "services", "one")
    with serving(cluster.route) as server, pytest.raises(RemovalError, match=f"{kind} .* is not the one that was"):
        remove(client(server), [reference(item, uid="the one before")], 1)
    assert cluster.writes == []


def test_one_that_is_made_again_at_that_very_moment_stays() -> None:
    cluster = FakeCluster()
    one = cluster.put("v1", "services", "one")

    def route(method: str, path: str, body: Object) -> Reply:
        if method == "DELETE":
            cluster.put("v1", "services", "one")
        return cluster.route(method, path, body)

    with serving(route) as server, pytest.raises(RemovalError, match="Service one was not removed, for it has changed"):
        remove(client(server), [reference(one)], 1)
    assert cluster.writes == []


def test_an_object_that_does_not_go_is_told_with_its_finalizer() -> None:
    cluster = FakeCluster()
    one = cluster.put("v1", "services", "one", metadata={"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]})
    with serving(cluster.route) as server, pytest.raises(RemovalError) as error:
        remove(client(server), [reference(one)], 0)
    text = str(error.value)
    assert text.startswith("Service one is not gone after 0 s: Service one (finalizer service.kubernetes.io/load-")
    assert "since 2026-01-01 00:00:00 UTC, for" in text
    assert "kubectl -n n patch services one --type merge" in text
    assert "\n" not in text


def test_an_object_whose_dependents_do_not_end_says_so() -> None:
    cluster = FakeCluster()
    one = cluster.put("apps/v1", "deployments", "one", metadata={"finalizers": ["foregroundDeletion"]})
    with serving(cluster.route) as server, pytest.raises(RemovalError, match="what belongs to it has not ended"):
        remove(client(server), [reference(one)], 0)


CONDITIONS = [
    {
        "type": "NamespaceDeletionDiscoveryFailure",
        "status": "True",
        "reason": "DiscoveryFailed",
        "message": "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "metrics.k8s.io/v1beta1: the server is currently unable to handle the request",
    },
    {
        "type": "NamespaceContentRemaining",
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": "Some resources are remaining: widgets.example.org has 1 resource instances",
    },
    {
        "type": "NamespaceFinalizersRemaining",
        "status": "True",
        "reason": "SomeFinalizersRemain",
        "message": "Some content in the namespace has finalizers remaining: example.org/guard in 1 resource instances",
    },
    {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "All content successfully deleted"},
]


@pytest.mark.parametrize("conditions", [[], CONDITIONS[:1], CONDITIONS[1:2], CONDITIONS[2:], CONDITIONS])
def test_a_namespace_that_does_not_go_tells_its_conditions_and_the_objects(conditions: list[Object]) -> None:
    cluster = FakeCluster()
    # Served in a version that is not its group's preferred one.
    cluster.serve("example.org/v2", ("others", "Other"))
    cluster.serve("example.org/v1alpha1", ("widgets", "Widget"))
    stuck = {"finalizers": ["example.org/guard"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    cluster.put("example.org/v1alpha1", "widgets", "w", metadata=stuck)
    live = cluster.kept["/api/v1/namespaces/n"]
    live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    live["status"] = {"phase": "Terminating", "conditions": conditions}
    with serving(cluster.route) as server, pytest.raises(RemovalError) as error:
        remove(client(server), [reference(space(cluster))], 0)
    text = str(error.value)
    assert text.startswith("Namespace n is not gone after 0 s. Namespace n is being removed since 2026-01-01 00:00:00")
    assert "Widget w (finalizer example.org/guard since 2026-01-01" in text
    for one in conditions:
        assert (one["message"] in text) == (one["status"] == "True")
    remedy = "kubectl delete apiservice" if CONDITIONS[0] in conditions else "kubectl -n n patch widgets.example.org w"
    assert remedy in text
    assert "DELETE /api/v1/namespaces/n" not in cluster.asked
    assert "\n" not in text


def test_a_namespace_with_a_finalizer_of_its_own_says_which() -> None:
    cluster = FakeCluster()
    live = cluster.kept["/api/v1/namespaces/n"]
    live["metadata"]["finalizers"] = ["controller.cattle.io/namespace-auth"]
    live["spec"] = {"finalizers": ["kubernetes"]}
    with serving(cluster.route) as server, pytest.raises(RemovalError) as error:
        remove(client(server), [reference(space(cluster))], 0)
    assert "held up by its own finalizer controller.cattle.io/namespace-auth. See that" in str(error.value)
