"""A kubeconfig of an account: written once, left while its token is good, and its owner's alone."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials, load_cluster
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.deployer import (
    Account,
    bring_about,
    claims,
    find,
    is_good,
    token_in,
)

from fake_api_server import Reply, serving, status

ACCOUNT = Account("n", "me-deployer", "uid-1")


def token(uid: str = "uid-1", age: float = 0, life: float = 900) -> str:
    begin = time.time() - age
    said = {"iat": begin, "exp": begin + life, "kubernetes.io": {"serviceaccount": {"uid": uid}}}
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def answering(asked: list[dict[str, Any]], **more: Any) -> Callable[[str, str, dict[str, Any]], Reply]:
    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if (method, path) == ("GET", "/api/v1/namespaces/n/serviceaccounts/me-deployer"):
            return 200, {"metadata": {"uid": "uid-1"}}
        assert (method, path) == ("POST", "/api/v1/namespaces/n/serviceaccounts/me-deployer/token")
        asked.append(body)
        return 201, {"status": {"token": token()} | more}

    return route


def client(server: str) -> KubeClient:
    return KubeClient(Cluster(server, "here", "/kubeconfig", Credentials(), ca="a certificate\n"), timeout=2)


def test_it_is_written_once_and_left(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []
    path = tmp_path / "folder" / "kubeconfig"
    with serving(answering(asked)) as server:
        admin = client(server)
        assert find(admin, "n", "me-deployer") == ACCOUNT
        assert bring_about(admin, ACCOUNT, path, 900, dry=False)
        assert not bring_about(admin, ACCOUNT, path, 900, dry=False)
        assert [body["spec"] for body in asked] == [{"expirationSeconds": 900}]
        assert path.stat().st_mode & 0o777 == 0o600
        found = load_cluster(str(path))
        assert (found.server, found.context, found.namespace, found.ca) == (server, "here", "n", "a certificate\n")
        assert found.credentials.headers == {"Authorization": f"Bearer {token_in(path)}"}
        path.chmod(0o644)
        assert bring_about(admin, ACCOUNT, path, 900, dry=False)
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(asked) == 1


def test_an_account_made_anew_gets_another_and_a_pretence_writes_nothing(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []
    path = tmp_path / "kubeconfig"
    with serving(answering(asked)) as server:
        assert bring_about(client(server), ACCOUNT, path, 900, dry=True)
        assert not path.exists()
        bring_about(client(server), ACCOUNT, path, 900, dry=False)
        assert bring_about(client(server), Account("n", "me-deployer", "uid-2"), path, 900, dry=False)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("found", "good"),
    [
        ({}, True),
        ({"age": 500}, True),
        ({"age": 610}, False),
        ({"uid": "another"}, False),
        ("", False),
        ("no token", False),
        ("a.!.c", False),
        (f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c", False),
    ],
)
def test_which_tokens_are_good(found: Any, good: bool) -> None:
    # Made now: minutes may pass between the collection of the tests and this one.
    text = found if isinstance(found, str) else token(**found)
    assert is_good(text, ACCOUNT, time.time()) is good
    assert isinstance(claims(text), dict)


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with serving(answering([], token="")) as server, pytest.raises(KubeError, match="gives the service account"):
        bring_about(client(server), ACCOUNT, tmp_path / "kubeconfig", 900, dry=False)
    (tmp_path / "file").touch()
    with serving(answering([])) as server, pytest.raises(KubeError, match=r"cannot be written to .*deployer_dest"):
        bring_about(client(server), ACCOUNT, tmp_path / "file" / "kubeconfig", 900, dry=False)
    with serving(lambda *_: status(404, "none")) as server, pytest.raises(KubeError, match="not found"):
        find(client(server), "n", "me-deployer")
