"""What the platform keeps secret: the registry's password, the key of its Secrets."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action import platform_rewrite, platform_state
from ansible_collections.fastapi_mysql.k8s.plugins.modules import platform_registry_login as login
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials

from fake_api_server import Reply, serving, status
from test_platform_modules import run

HOST = "127.0.0.1:5000"


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, Any]:
    """The login, for somebody who has used the Docker CLI before."""
    (tmp_path / "ca.crt").write_text("an authority")
    client = tmp_path / "docker-cli"
    client.mkdir()
    (client / "config.json").write_text('{"auths": {"docker.io": {"auth": "mine"}}, "credsStore": "pass"}')
    return {
        "host": HOST,
        "directory": str(tmp_path / "registry"),
        "user": os.getuid(),
        "authority": str(tmp_path / "ca.crt"),
        "nodes_dir": str(tmp_path / "registry" / "nodes"),
        "docker_config": str(client),
        "owner": os.getuid(),
    }


def test_the_login_is_made_once_and_told_to_nobody_else(wanted: dict[str, Any]) -> None:
    answer = run("platform_registry_login", **wanted)
    assert answer["changed"]
    assert not run("platform_registry_login", **wanted)["changed"]
    password = Path(wanted["directory"], "password").read_text()
    assert len(base64.urlsafe_b64decode(password + "=")) == login.PASSWORD_BYTES
    encoded = base64.b64encode(f"{login.USER}:{password}".encode()).decode()
    assert password not in json.dumps(answer) and encoded not in json.dumps(answer)
    knowing = [
        path for path in Path(wanted["directory"]).parent.rglob("*") if path.is_file() and encoded in path.read_text()
    ]
    assert {path.name for path in knowing} == {"config.json", "hosts.toml"}
    knowing.append(Path(wanted["docker_config"], "certs.d", HOST, "curlrc"))
    secret = [Path(wanted["directory"], name) for name in ("password", "htpasswd")]
    assert {path.stat().st_mode & 0o777 for path in [*knowing, *secret]} == {0o600}
    assert Path(wanted["nodes_dir"]).stat().st_mode & 0o777 == 0o700


def test_the_registry_gets_a_hash_and_not_the_password(wanted: dict[str, Any]) -> None:
    run("platform_registry_login", **wanted)
    password = Path(wanted["directory"], "password").read_text()
    line = Path(wanted["directory"], "htpasswd").read_text()
    assert line.startswith("embedded:$2b$04$") and password not in line
    assert login.matches(line, password)
    assert not login.matches(line, password + "x")
    assert not login.matches(f"embedded:{password}", password)


def test_a_lost_hash_or_login_is_given_again(wanted: dict[str, Any]) -> None:
    run("platform_registry_login", **wanted)
    before = Path(wanted["directory"], "password").read_text()
    Path(wanted["directory"], "htpasswd").write_text("embedded:$2b$04$nonsense\n")
    Path(wanted["docker_config"], "config.json").write_text("half a")
    assert run("platform_registry_login", **wanted)["changed"]
    assert Path(wanted["directory"], "password").read_text() == before
    assert login.matches(Path(wanted["directory"], "htpasswd").read_text(), before)
    assert HOST in json.loads(Path(wanted["docker_config"], "config.json").read_text())["auths"]


def test_other_logins_and_settings_stay(wanted: dict[str, Any]) -> None:
    config = Path(wanted["docker_config"], "config.json")
    before = json.loads(config.read_text())
    run("platform_registry_login", **wanted)
    assert set(json.loads(config.read_text())["auths"]) == {"docker.io", HOST}
    gone = {"state": "absent", "host": HOST, "docker_config": wanted["docker_config"]}
    assert run("platform_registry_login", **gone)["changed"]
    assert not run("platform_registry_login", **gone)["changed"]
    assert json.loads(config.read_text()) == before
    assert not (config.parent / "certs.d" / HOST).exists()


def test_what_was_never_there_is_absent(tmp_path: Path) -> None:
    gone = {"state": "absent", "host": HOST, "docker_config": str(tmp_path / "none")}
    assert not run("platform_registry_login", **gone)["changed"]


def test_the_key_of_secrets_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "encryption.json"
    first = run("platform_encryption", path=str(path))
    assert first["changed"] and path.stat().st_mode & 0o777 == 0o600
    again = run("platform_encryption", path=str(path))
    assert not again["changed"] and again["fingerprint"] == first["fingerprint"]
    [entry] = json.loads(path.read_text())["resources"]
    [key] = entry["providers"][0]["secretbox"]["keys"]
    assert entry["resources"] == ["secrets"] and len(base64.b64decode(key["secret"])) == 32
    assert key["secret"] not in json.dumps(first)
    path.chmod(0o644)
    assert run("platform_encryption", path=str(path))["changed"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["half a", "{}", '{"resources": [{"resources": ["secrets"], "providers": [{"identity": {}}]}]}']
)
def test_a_broken_key_is_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "encryption.json"
    path.write_text(text)
    answer = run("platform_encryption", path=str(path))
    assert answer["failed"] and "put the file back" in answer["msg"]
    assert path.read_text() == text


def test_every_secret_is_written_back_as_it_was() -> None:
    put: dict[str, Any] = {}
    secrets = [
        {"metadata": {"namespace": "a", "name": name, "resourceVersion": "1"}, "data": {"p": "eA=="}, "type": "Opaque"}
        for name in ("old", "new", "gone", "changed")
    ]

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        if method == "GET":
            return 200, {"items": secrets}
        name = path.rpartition("/")[2].partition("?")[0]
        put[name] = body
        if name in ("gone", "changed"):
            return status(404 if name == "gone" else 409, "overtaken")
        return 200, body | {"metadata": body["metadata"] | {"resourceVersion": "2" if name == "old" else "1"}}

    with serving(route) as server:
        client = KubeClient(Cluster(server, "c", "s", Credentials()))
        assert platform_rewrite.rewrite(client) == ["a/old"]
    assert put["old"] == {"apiVersion": "v1", "kind": "Secret", **secrets[0]}


def test_certificates_are_looked_at_again_in_time(tmp_path: Path) -> None:
    stamp, now, made_by = tmp_path / "fingerprint", datetime(2026, 7, 1, tzinfo=UTC), "f00d"

    def found(text: str) -> str:
        stamp.write_text(text)
        return " ".join(platform_state.stamped(stamp, made_by, now))

    assert "not completed" in " ".join(platform_state.stamped(stamp, made_by, now))
    assert "another version" in found(f"0000 {now.date()}\n")
    assert "nobody knows" in found(f"{made_by}\n")
    assert found(f"{made_by} {now.date()}\n") == ""
    assert found(f"{made_by} {(now - timedelta(days=30)).date()}\n") == ""
    assert "last looked at on 2026-05-31" in found(f"{made_by} {(now - timedelta(days=31)).date()}\n")


def test_the_release_that_a_platform_runs_is_known(tmp_path: Path) -> None:
    assert platform_state.release_of(tmp_path) == ""
    (tmp_path / "etcd").mkdir()
    assert platform_state.release_of(tmp_path) == "1.20"
    (tmp_path / "release").write_text("1.37\n")
    assert platform_state.release_of(tmp_path) == "1.37"


def test_another_release_is_another_platform() -> None:
    assert platform_state.fingerprint("1.20") != platform_state.fingerprint("1.37")
