"""Who lives in a namespace beside us."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube import client as kube_client
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.labels import labels
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.managed_fields import MARK
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.tenants import Found, look, others

from fake_api_server import Reply, serving, status
from fake_cluster import FakeCluster
from fake_objects import client

VERBS = ["delete", "list"]
RESOURCES: dict[str, list[dict[str, Any]]] = {
    "/api/v1": [
        {"name": "secrets", "kind": "Secret", "namespaced": True, "verbs": VERBS},
        {"name": "serviceaccounts", "kind": "ServiceAccount", "namespaced": True, "verbs": VERBS},
        {"name": "events", "kind": "Event", "namespaced": True, "verbs": VERBS},
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": VERBS},
        {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": VERBS},
    ],
    "/apis/acme.org/v2": [{"name": "anvils", "kind": "Anvil", "namespaced": True, "verbs": VERBS}],
}


def item(name: str, **more: Any) -> dict[str, Any]:
    kind = more.pop("type", "Opaque")
    return {"type": kind, "metadata": {"name": name, "uid": name, **more}}


def found(items: dict[str, list[dict[str, Any]]], denied: str = "-") -> list[str]:
    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if path == "/apis":
            return 200, {"groups": [{"preferredVersion": {"groupVersion": "acme.org/v2"}}]}
        if path in RESOURCES:
            return 200, {"resources": RESOURCES[path]}
        assert "/namespaces/n/" in path
        plural = path.rpartition("/")[2]
        return status(403, "no") if plural == denied else (200, {"items": items.get(plural, [])})

    with serving(route) as server:
        return others(KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=2), "n", "me")


def test_what_is_ours_and_what_every_namespace_has_is_left_out() -> None:
    items = {
        "secrets": [
            item("ours", labels={MARK: "me"}),
            item("token", type="kubernetes.io/service-account-token"),
            item("me-revision-12", labels=labels("me", "revision")),
        ],
        "serviceaccounts": [item("default")],
        "events": [item("something")],
        "pods": [item("ours-1", ownerReferences=[{}])],
    }
    assert found(items) == []


def test_all_else_belongs_to_others_whatever_its_labels() -> None:
    similar = {"app.kubernetes.io/managed-by": "fastapi-mysql-k8s", "app.kubernetes.io/instance": "me"}
    items = {
        "secrets": [
            item("similar", labels=similar),
            item("another", labels={MARK: "you"}),
            item("booked", labels=labels("me", "revision")),
            item("you-revision-1", labels=labels("you", "revision")),
        ],
        "anvils": [item("heavy")],
    }
    assert found(items) == [
        "Anvil heavy",
        *(f"Secret {name}" for name in ("another", "booked", "similar", "you-revision-1")),
    ]


def test_what_may_not_be_seen_may_be_there() -> None:
    assert found({}, denied="anvils") == ["Anvil ?"]


def looked(labels: dict[str, str] | None, *, may_delete: bool = True, items: Any = None) -> Found:
    """What a look says of a namespace with these labels; None for one that is not there."""

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if path == "/api/v1/namespaces/n":
            return status(404, "none") if labels is None else (200, {"metadata": {"name": "n", "labels": labels}})
        if "selfsubjectrulesreviews" in path:
            return 201, {"status": {"resourceRules": []}}
        if "selfsubjectaccessreviews" in path:
            return 201, {"status": {"allowed": may_delete}}
        if path == "/apis":
            return 200, {"groups": []}
        if path in RESOURCES:
            return 200, {"resources": RESOURCES[path]}
        return 200, {"items": (items or {}).get(path.rpartition("/")[2], [])}

    with serving(route) as server:
        return look(KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=2), "n", "me")


def test_which_namespaces_may_go() -> None:
    ours = {"app.kubernetes.io/managed-by": "fastapi-mysql-k8s"}
    assert looked(None) == Found()
    assert looked({}) == Found(stays="it was not made by this project")
    assert looked(ours) == Found(removable=True)
    assert looked(ours, may_delete=False) == Found(stays="this account may not delete it")
    theirs = looked(ours, items={"secrets": [item("theirs")]})
    assert theirs == Found(["Secret theirs"], removable=False, stays="it holds Secret theirs")


def seen(cluster: FakeCluster, *, going: bool = True) -> Found:
    with serving(cluster.route) as server:
        return look(client(server), "n", "me", going)


@pytest.mark.parametrize(
    ("preferred", "other", "plural", "kind"),
    [
        ("batch/v1", "batch/v1beta1", "cronjobs", "CronJob"),
        ("external-secrets.io/v1", "external-secrets.io/v1alpha1", "pushsecrets", "PushSecret"),
        ("networking.istio.io/v1", "networking.istio.io/v1alpha3", "envoyfilters", "EnvoyFilter"),
        ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1", "referencegrants", "ReferenceGrant"),
        ("example.org/v2", "example.org/v1", "secrets", "Secret"),
    ],
)
def test_what_is_served_in_another_version_only_is_seen(preferred: str, other: str, plural: str, kind: str) -> None:
    cluster = FakeCluster()
    cluster.serve(preferred, ("others", "Other"))
    cluster.serve(other, (plural, kind))
    cluster.put(other, plural, "theirs")
    assert seen(cluster) == Found([f"{kind} theirs"], stays=f"it holds {kind} theirs", uid=uid_of(cluster))


def uid_of(cluster: FakeCluster) -> str:
    return str(cluster.kept["/api/v1/namespaces/n"]["metadata"]["uid"])


def test_an_object_in_two_versions_is_one_and_is_listed_once() -> None:
    cluster = FakeCluster()
    for version in ("autoscaling/v2", "autoscaling/v1"):
        cluster.serve(version, ("horizontalpodautoscalers", "HorizontalPodAutoscaler"))
    cluster.put("autoscaling/v2", "horizontalpodautoscalers", "theirs")
    assert seen(cluster).others == ["HorizontalPodAutoscaler theirs"]
    assert sum("/horizontalpodautoscalers" in one for one in cluster.asked) == 1


@pytest.mark.parametrize("code", [403, 405, 500, 503])
def test_a_kind_that_cannot_be_listed_keeps_the_namespace_and_is_named(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_client, "BUSY_SECONDS", 0)
    cluster = FakeCluster()
    cluster.serve("example.org/v1", ("widgets", "Widget"))
    cluster.broken["widgets"] = code
    found = seen(cluster)
    assert (found.others, found.removable) == (["Widget ?"], False)
    assert found.stays == "it is not known what it holds of Widget (these could not be listed)"


@pytest.mark.parametrize("code", [403, 404, 500, 503])
def test_an_api_whose_server_is_down_keeps_the_namespace(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_client, "BUSY_SECONDS", 0)
    cluster = FakeCluster()
    cluster.serve("metrics.k8s.io/v1beta1", ("pods", "PodMetrics"))
    cluster.broken["metrics.k8s.io/v1beta1"] = code
    found = seen(cluster)
    assert not found.removable
    assert "metrics.k8s.io/v1beta1" in found.stays


def test_what_can_be_deleted_but_not_listed_is_not_known_and_a_view_is_nothing() -> None:
    cluster = FakeCluster()
    cluster.serve("example.org/v1", ("widgets", "Widget"), ("views", "View"))
    cluster.verbs |= {"widgets": ["create", "deletecollection"], "views": ["get", "list"]}
    cluster.put("example.org/v1", "views", "a-view")
    assert seen(cluster).others == ["Widget ?"]


def test_a_kind_is_judged_by_its_group_not_by_its_name_alone() -> None:
    cluster = FakeCluster()
    names = {"events": "Event", "endpoints": "Endpoints", "serviceaccounts": "ServiceAccount", "leases": "Lease"}
    cluster.serve("example.org/v1", *names.items())
    cluster.put("example.org/v1", "events", "an-order")
    cluster.put("example.org/v1", "serviceaccounts", "default")
    cluster.put("example.org/v1", "leases", "me-release", metadata={"labels": labels("me", "lock")})
    assert seen(cluster).others == ["Event an-order", "Lease me-release", "ServiceAccount default"]


def test_what_an_owner_outside_of_namespaces_has_put_there_counts() -> None:
    cluster = FakeCluster()
    by_set = {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "1"}]}
    by_node = {"ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "one", "uid": "2"}]}
    cluster.put("v1", "pods", "of-a-set", metadata=by_set)
    cluster.put("v1", "pods", "of-a-node", metadata=by_node)
    assert seen(cluster).others == ["Pod of-a-node"]


def test_the_application_itself_is_one_where_it_is_not_to_go() -> None:
    mark = {"labels": {MARK: "me"}}
    cluster = FakeCluster()
    cluster.put("apps/v1", "deployments", "me", metadata=mark)
    cluster.put("v1", "secrets", "me-revision-3", metadata={"labels": labels("me", "revision")})
    cluster.put("coordination.k8s.io/v1", "leases", "me-release", metadata={"labels": labels("me", "lock")})
    assert seen(cluster).removable
    kept = seen(cluster, going=False)
    assert kept.others == ["Deployment me", "Secret me-revision-3"]
    assert not kept.removable
    cluster.put("coordination.k8s.io/v1", "leases", "you-release", metadata={"labels": labels("you", "lock")})
    assert seen(cluster).others == ["Lease you-release"]


def test_what_a_cluster_puts_into_every_namespace_is_nobodys() -> None:
    cluster = FakeCluster()
    account = {"kubernetes.io/service-account.name": "builder"}
    for group in ("apps", "build", "image"):
        cluster.serve(f"{group}.openshift.io/v1", (f"{group}things", f"{group}thing"))
    for name in ("builder", "default", "deployer"):
        cluster.put("v1", "serviceaccounts", name, secrets=[{"name": f"{name}-dockercfg-x7k2p"}])
    secret = {"metadata": {"annotations": account}, "type": "kubernetes.io/dockercfg"}
    cluster.put("v1", "secrets", "builder-dockercfg-x7k2p", **secret)
    for name in ("system:deployers", "system:image-builders", "system:image-pullers"):
        cluster.put("rbac.authorization.k8s.io/v1", "rolebindings", name)
    for name in ("kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"):
        cluster.put("v1", "configmaps", name)
    assert seen(cluster) == Found(removable=True, uid=uid_of(cluster))


def test_without_openshift_such_accounts_are_somebodys() -> None:
    cluster = FakeCluster()
    cluster.put("v1", "serviceaccounts", "builder")
    cluster.put("v1", "secrets", "their-registry", type="kubernetes.io/dockercfg")
    assert seen(cluster).others == ["Secret their-registry", "ServiceAccount builder"]


def test_what_is_equal_in_the_namespace_default_is_the_clusters() -> None:
    """As trust-manager, Rancher, Kyverno and others do; a name alone is not enough, nor is a kind that runs."""
    cluster = FakeCluster()
    role = {"roleRef": {"kind": "ClusterRole", "name": "reader"}}
    for namespace in ("n", "default"):
        group = [{"kind": "Group", "name": f"system:serviceaccounts:{namespace}"}]
        cluster.put("rbac.authorization.k8s.io/v1", "rolebindings", "all", namespace, subjects=group, **role)
        cluster.put("v1", "configmaps", "company-ca", namespace, data={"ca.pem": "x"})
        cluster.put("v1", "configmaps", "settings", namespace, data={"of": namespace, "level": namespace * 2})
        cluster.put("v1", "serviceaccounts", "pipeline", namespace, secrets=[{"name": f"token-{namespace}"}])
        cluster.put("apps/v1", "deployments", "web", namespace, spec={})
        cluster.put("v1", "secrets", "key", namespace, data={})
    assert seen(cluster).others == ["ConfigMap settings", "Deployment web", "Secret key"]


def test_a_namespace_that_is_being_removed_says_what_holds_it_up() -> None:
    cluster = FakeCluster()
    cluster.serve("example.org/v1", ("widgets", "Widget"))
    cluster.put("example.org/v1", "widgets", "guarded", metadata={"finalizers": ["example.org/guard"]})
    cluster.kept["/api/v1/namespaces/n"] |= {"status": {"phase": "Terminating"}}
    found = seen(cluster)
    assert not found.removable
    assert "Widget guarded (finalizer example.org/guard)" in found.leaving
