"""Comparing manifests with a cluster; the real comparison is tested on a real cluster."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.action.manifests_state import parsed
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_client import (
    KubeClient,
    encoded,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_config import (
    Cluster,
    Credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_errors import (
    KubeError,
    UnauthorizedError,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_objects import (
    Compared,
    RefusedError,
    compare_all,
    difference,
    replacement,
)

from fake_api_server import Reply, serving, status

SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "n"},
    "data": {"A": "c2VjcmV0"},
}
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "w", "namespace": "n"},
    "spec": {"ports": []},
}
SPACE: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}


def client(server: str) -> KubeClient:
    """A client of the stand-in."""
    return KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=2)


def test_all_refusals_are_told_and_nothing_is_written() -> None:
    asked: list[tuple[str, str]] = []

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        asked.append((method, path))
        return status(404, "not there") if method == "GET" else status(422, f"{body['kind']} is invalid")

    with serving(route) as server, pytest.raises(RefusedError) as error:
        compare_all(client(server), [SECRET, SERVICE])
    assert "Secret s: Secret is invalid; Service w: Service is invalid" in str(error.value)
    assert "Nothing was applied" in str(error.value)
    assert all("dryRun=All" in path for method, path in asked if method != "GET")


def test_expired_credentials_are_no_refusal_of_a_manifest() -> None:
    with serving(lambda *_: status(401, "UnauthorizedError")) as server, pytest.raises(UnauthorizedError):
        compare_all(client(server), [SECRET])


def test_manifests_for_a_namespace_to_come_are_checked_elsewhere() -> None:
    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if method == "GET" or "/namespaces/n/" in path:
            return status(404, "not there")
        return (422, {"message": "bad name"}) if "/namespaces/default/" in path else (200, body)

    with serving(route) as server:
        with pytest.raises(RefusedError, match="Secret s: bad name"):
            compare_all(client(server), [SPACE, SECRET])
        assert [item.state for item in compare_all(client(server), [SPACE])] == ["absent"]


def test_a_namespace_that_is_there_is_left_alone() -> None:
    with serving(lambda method, path, body: (200, deepcopy(SPACE)) if method == "GET" else status(403, "no")) as server:
        assert compare_all(client(server), [SPACE])[0].state == "same"


@pytest.mark.parametrize(
    ("live", "applied", "replaced", "state"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1}, "same"),
        ({"a": 1}, {"a": 2}, {"a": 2}, "apply"),
        ({"a": 1, "foreign": 1}, {"a": 1, "foreign": 1}, {"a": 1}, "replace"),
        ({"a": 1, "foreign": 1}, {"a": 2, "foreign": 1}, {"a": 2}, "replace"),
    ],
)
def test_states(live: dict[str, int], applied: dict[str, int], replaced: dict[str, int], state: str) -> None:
    answers = {"GET": live, "PATCH": applied, "PUT": replaced}

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        metadata = {"name": "w", "namespace": "n", "resourceVersion": method, "managedFields": [method]}
        return 200, {"kind": "Service", "metadata": metadata, "spec": answers[method], "status": {"at": method}}

    with serving(route) as server:
        compared = compare_all(client(server), [SERVICE])[0]
    assert compared.state == state
    assert (compared.replacement is not None) == (state in ("apply", "replace"))


def test_a_replacement_keeps_what_belongs_to_others_in_the_metadata() -> None:
    manifest: dict[str, Any] = {
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}},
    }
    applied = deepcopy(manifest)
    applied["metadata"] = {"name": "d", "uid": "1", "finalizers": ["f"], "annotations": {"other": "x"}}
    applied["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
    wanted = replacement(manifest, applied, {})
    assert wanted["metadata"] == {"name": "d", "finalizers": ["f"], "annotations": {"other": "x"}}
    assert wanted["spec"]["template"]["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "now"}
    assert manifest["metadata"] == {"name": "d"}


def test_a_replaced_service_keeps_its_address() -> None:
    live = {
        "metadata": {"resourceVersion": "9"},
        "spec": {"clusterIP": "198.18.0.1", "clusterIPs": ["198.18.0.1"], "type": "NodePort"},
    }
    spec = replacement(SERVICE, {"metadata": {"name": "w"}}, live)["spec"]
    assert spec == {"ports": [], "clusterIP": "198.18.0.1", "clusterIPs": ["198.18.0.1"]}


def test_the_difference_of_a_secret_shows_no_value() -> None:
    before = {
        "kind": "Secret",
        "metadata": {"annotations": {"last": "old-value"}},
        "data": {"A": "b2xk", "B": "c2FtZQ=="},
    }
    after = {"kind": "Secret", "metadata": {}, "data": {"A": "bmV3", "B": "c2FtZQ=="}}
    shown = difference(Compared(SECRET, "apply", before, after))
    text = shown["before"] + shown["after"]
    assert not any(value in text for value in ("b2xk", "bmV3", "c2FtZQ==", "old-value"))
    assert "A: (hidden, new value)" in shown["after"]
    assert "B: (hidden)" in shown["after"]


@pytest.mark.parametrize("text", ["a: [", "- 1", "kind: Pod"])
def test_texts_that_are_no_manifests(text: str) -> None:
    with pytest.raises(KubeError, match="A rendered manifest"):
        parsed([text])


def test_a_text_that_an_apply_cannot_carry_is_written_as_a_whole() -> None:
    assert not Compared({**SPACE, "text": "é"}, "absent").as_whole
    assert Compared({**SPACE, "text": "🔑"}, "absent").as_whole
    assert Compared(SPACE, "replace").as_whole


def test_a_body_is_json_and_yaml_at_once() -> None:
    body = {"text": '🔑 é\x85\u2028\x7f \ufeff\n\t\x00 \\ "'}
    text = encoded(body)
    assert json.loads(text) == body
    assert yaml.safe_load(text.replace(b"\\u0000", b"").decode()) == {"text": body["text"].replace("\x00", "")}
