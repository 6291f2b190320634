"""Who lives in a namespace beside us."""

from __future__ import annotations

from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_config import Cluster, Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_ownership import MARK
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_tenants import Found, look, others
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.ownership import labels

from fake_api_server import Reply, serving, status

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
    assert looked(None) == looked({}) == Found()
    assert looked(ours) == Found(removable=True)
    assert looked(ours, may_delete=False) == Found(stays="this account may not delete it")
    theirs = looked(ours, items={"secrets": [item("theirs")]})
    assert theirs == Found(["Secret theirs"], removable=False, stays="it holds Secret theirs")
