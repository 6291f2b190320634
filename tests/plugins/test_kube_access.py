"""Rights that an account has, lacks, or that nobody tells of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError, UnauthorizedError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.access import Right, demand, lacking, rights_for

from fake_api_server import Reply, Route, serving, status

GET, CREATE = Right("get", "pods"), Right("create", "ingresses", "networking.k8s.io", "Ingress")


def client(server: str) -> KubeClient:
    return KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=2)


def answering(rules: list[dict[str, Any]] | int, allowed: bool | int, asked: list[Any]) -> Route:
    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        asked.append((path.rsplit("/", 1)[1], body["spec"]))
        if "rules" in path:
            return status(rules, "no") if isinstance(rules, int) else (201, {"status": {"resourceRules": rules}})
        if allowed is True or allowed is False:
            return 201, {"status": {"allowed": allowed}}
        return status(allowed, "no")

    return route


@pytest.mark.parametrize(
    ("rule", "granted"),
    [
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, True),
        ({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["pods"]}, False),
        ({"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}, False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["one"]}, False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}, False),
    ],
)
def test_rules(rule: dict[str, Any], granted: bool) -> None:
    asked: list[Any] = []
    with serving(answering([rule], False, asked)) as server:
        assert lacking(client(server), "n", [GET]) == ([] if granted else [GET])
    assert len(asked) == (1 if granted else 2)


def test_what_the_rules_do_not_tell_is_asked_for() -> None:
    asked: list[Any] = []
    with serving(answering([], True, asked)) as server:
        assert (
            lacking(client(server), "n", [CREATE, Right("get", "pods/log"), Right("get", "nodes", namespaced=False)])
            == []
        )
    attributes = [spec["resourceAttributes"] for kind, spec in asked[1:]]
    assert attributes[0] == {
        "verb": "create",
        "group": "networking.k8s.io",
        "resource": "ingresses",
        "subresource": "",
        "namespace": "n",
    }
    assert attributes[1]["subresource"] == "log"
    assert "namespace" not in attributes[2]


def test_all_that_is_lacking_is_said_in_one_line() -> None:
    with serving(answering([], False, [])) as server, pytest.raises(KubeError) as error:
        demand(client(server), "n", [GET, CREATE])
    assert "may not get pods, create ingresses.networking.k8s.io (Ingress) in namespace n" in str(error.value)
    assert "Nothing was changed" in str(error.value)


def test_a_cluster_that_does_not_say_is_taken_to_allow() -> None:
    with serving(answering(403, 403, [])) as server:
        demand(client(server), "n", [GET])
    with serving(answering(401, 401, [])) as server, pytest.raises(UnauthorizedError):
        demand(client(server), "n", [GET])


def test_the_rights_of_a_kind() -> None:
    kube = client("http://127.0.0.1:1")
    assert [str(right) for right in rights_for(kube, "apps/v1", "Deployment", ("create", "patch"))] == [
        "create deployments.apps (Deployment)",
        "patch deployments.apps (Deployment)",
    ]
    assert not rights_for(kube, "v1", "Namespace", ("create",))[0].namespaced
    assert rights_for(kube, "v1", "Secret", ("get",))[0].namespaced
