"""What is written under the lock is read under it: passwords that another run has changed meanwhile stay changed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.credentials import (
    CredentialsError,
    settled_again,
    settled_for,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.cluster_check import check_cluster

from fake_api_server import Reply, serving
from fake_cluster import FakeCluster
from fake_objects import Object, client

NONE: dict[str, Any] = {"secret_files": {}, "db_environment": {}, "db_name": "Main", "db_port": 3306}
SECRETS = "/api/v1/namespaces/n/secrets"


def target(**more: Any) -> dict[str, Any]:
    given = {"name": "me", "namespace": "n", "db_enabled": True, "db_mode": "pod", "db_user": "api", "db_password": ""}
    return given | {"db_password_rotated": False, "context": "", "secrets": {}} | NONE | more


def put(cluster: FakeCluster, **values: str) -> Object:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    return cluster.put("v1", "secrets", "me", data=data)


def written(cluster: FakeCluster, settled: dict[str, Any]) -> None:
    """What a run leaves in the cluster."""
    names = {"MYSQL_PASSWORD": "password", "MYSQL_ROOT_PASSWORD": "root_password", "CHECKSUM_KEY": "key"}
    put(cluster, **{name: settled[key] for name, key in names.items()})


def again(server: str, before: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The credentials as they are settled under the lock."""
    return settled_again(target(**more), client(server).find(f"{SECRETS}/me"), before)[0]


def test_a_rotation_meanwhile_stays() -> None:
    cluster = FakeCluster()
    first = put(cluster, MYSQL_PASSWORD="leaked", MYSQL_ROOT_PASSWORD="root", CHECKSUM_KEY="k")
    with serving(cluster.route) as server:
        before = settled_for(target(), first)
        assert again(server, before) == before
        put(cluster, MYSQL_PASSWORD="rotated", MYSQL_ROOT_PASSWORD="root-2", CHECKSUM_KEY="k")
        after = again(server, before)
    assert (after["password"], after["root_password"]) == ("rotated", "root-2")
    assert after["checksum"] != before["checksum"]
    assert {"leaked", "rotated"} <= set(after["known"])


def test_two_first_deployments_agree() -> None:
    cluster = FakeCluster()
    with serving(cluster.route) as server:
        one, other = (settled_for(target(), None) for _ in range(2))
        assert one["password"] != other["password"]
        assert again(server, one) == one
        written(cluster, one)
        late = again(server, other)
    assert [late[key] for key in ("password", "root_password", "key")] == [
        one[key] for key in ("password", "root_password", "key")
    ]


def test_a_secret_of_the_same_name_made_again_counts_too() -> None:
    cluster = FakeCluster()
    first = put(cluster, MYSQL_PASSWORD="a")
    with serving(cluster.route) as server:
        before = settled_for(target(), first)
        del cluster.kept[f"{SECRETS}/me"]
        assert again(server, before)["password"] != "a"
        put(cluster, MYSQL_PASSWORD="b")
        assert again(server, before)["password"] == "b"


def test_what_is_given_or_rotated_is_kept_to() -> None:
    cluster = FakeCluster()
    first = put(cluster, MYSQL_PASSWORD="a", CHECKSUM_KEY="k")
    with serving(cluster.route) as server:
        before = settled_for(target(db_password="mine"), first)
        put(cluster, MYSQL_PASSWORD="b", CHECKSUM_KEY="k2")
        given = again(server, before, db_password="mine")
        assert (given["password"], given["key"]) == ("mine", "k2")
        assert again(server, before, db_password_rotated=True)["password"] not in ("a", "b")
        with pytest.raises(CredentialsError, match="is what the cluster has already"):
            again(server, before, db_password="b", db_password_rotated=True)


@pytest.mark.parametrize("secret", ["", "me"])
def test_a_namespace_on_its_way_out_is_refused_before_the_run(secret: str) -> None:
    cluster = FakeCluster()
    cluster.serve("example.org/v1", ("widgets", "Widget"))
    cluster.put("example.org/v1", "widgets", "w", metadata={"finalizers": ["example.org/guard"]})
    put(cluster, MYSQL_PASSWORD="a")
    cluster.kept["/api/v1/namespaces/n"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    def route(method: str, path: str, body: Object) -> Reply:
        return (200, {"gitVersion": "v1.37.2"}) if path == "/version" else cluster.route(method, path, body)

    with serving(route) as server:
        with pytest.raises(KubeError, match=r"being removed since .*Widget w \(finalizer .*Nothing was"):
            check_cluster(client(server), "n", True, "", secret)
        assert check_cluster(client(server), "n", True, "", secret, leaving=True)["namespace_exists"]
