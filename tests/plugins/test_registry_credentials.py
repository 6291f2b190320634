"""Credentials are found where `docker login` puts them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import Unauthorized
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import (
    Credentials,
    CredentialsError,
    find_credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.session import open_registry

from fake_registry import FakeRegistry, serve
from nobody import as_nobody

AUTH = base64.b64encode(b"me:s3:cret").decode()


def config(folder: Path, content: object) -> str:
    (folder / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return str(folder)


def helper(folder: Path, body: str) -> dict[str, str]:
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("docker.io", "https://index.docker.io/v1/"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("ghcr.io", "https://ghcr.io"),
        ("ghcr.io", "https://ghcr.io/"),
        ("ghcr.io", "http://ghcr.io/v1/"),
        ("ghcr.io", "https://ghcr.io/v2/"),
        ("ghcr.io", "ghcr.io/owner"),
        ("r.example:5000", "https://r.example:5000/v1/"),
        ("docker.io", "index.docker.io"),
    ],
)
def test_the_file_of_docker_login(tmp_path: Path, host: str, key: str) -> None:
    found = find_credentials(host, config(tmp_path, {"auths": {key: {"auth": AUTH}}}), {})
    assert found == Credentials("me", "s3:cret", source=str(tmp_path / "config.json"))
    assert "s3:cret" not in repr(found)


def test_the_folder_comes_from_the_environment_too(tmp_path: Path) -> None:
    config(tmp_path, {"auths": {"ghcr.io": {"username": "me", "password": "x"}}})
    found = find_credentials("ghcr.io", None, {"DOCKER_CONFIG": str(tmp_path)})
    assert found is not None
    assert found.username == "me"


@pytest.mark.parametrize("content", [{}, {"auths": {"other.io": {"auth": AUTH}}}, {"auths": {"ghcr.io": {}}}])
def test_nobody_is_logged_in(tmp_path: Path, content: object) -> None:
    assert find_credentials("ghcr.io", config(tmp_path, content), {}) is None
    assert find_credentials("ghcr.io", str(tmp_path / "missing"), {}) is None


def test_identity_tokens(tmp_path: Path) -> None:
    found = find_credentials("ghcr.io", config(tmp_path, {"auths": {"ghcr.io": {"identitytoken": "t"}}}), {})
    assert found is not None
    assert found.is_identity_token


@pytest.mark.parametrize("content", [{"credsStore": "test"}, {"credHelpers": {"ghcr.io": "test"}}])
def test_helpers(tmp_path: Path, content: object) -> None:
    environment = helper(tmp_path, """[ "$(cat)" = ghcr.io ] && echo '{"Username": "me", "Secret": "x"}'""")
    found = find_credentials("ghcr.io", config(tmp_path, content), environment)
    assert found == Credentials("me", "x", source="docker-credential-test")


def test_a_helper_that_knows_nobody(tmp_path: Path) -> None:
    environment = helper(tmp_path, "echo credentials not found; exit 1")
    assert find_credentials("ghcr.io", config(tmp_path, {"credsStore": "test"}), environment) is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "not a JSON object"),
        ({"credsStore": "missing"}, "docker-credential-missing, which is not in PATH"),
        ({"credsStore": "test"}, "not credentials"),
        ({"auths": {"ghcr.io": {"auth": "%"}}}, "not base64"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: object, says: str) -> None:
    environment = helper(tmp_path, "echo nonsense")
    with pytest.raises(CredentialsError, match=says):
        find_credentials("ghcr.io", config(tmp_path, content), environment)


def test_a_key_of_another_registry_is_not_taken(tmp_path: Path) -> None:
    keys = {"ghcr.io.example": {"auth": AUTH}, "https://ghcr.io:5000/v1/": {"auth": AUTH}, "x/ghcr.io": {"auth": AUTH}}
    assert find_credentials("ghcr.io", config(tmp_path, {"auths": keys}), {}) is None


def test_the_exact_key_comes_first(tmp_path: Path) -> None:
    other = base64.b64encode(b"you:x").decode()
    auths = {"https://ghcr.io/v1/": {"auth": other}, "ghcr.io": {"auth": AUTH}}
    found = find_credentials("ghcr.io", config(tmp_path, {"auths": auths}), {})
    assert found is not None and found.username == "me"


def test_logins_of_the_environment_come_first(tmp_path: Path) -> None:
    environment = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"https://ghcr.io/v1/": {"auth": AUTH}}})}
    folder = config(tmp_path, {"auths": {"r.example": {"auth": AUTH}}, "credHelpers": {"ghcr.io": "missing"}})
    found = find_credentials("ghcr.io", folder, environment)
    assert found is not None and found.source == "DOCKER_AUTH_CONFIG"
    assert find_credentials("r.example", folder, environment) is not None
    for text in ("{", "[]"):
        with pytest.raises(CredentialsError, match="DOCKER_AUTH_CONFIG is not a JSON object"):
            find_credentials("ghcr.io", folder, {"DOCKER_AUTH_CONFIG": text})


@pytest.mark.parametrize("content", [{"credsStore": ""}, {"credHelpers": {"ghcr.io": ""}, "credsStore": "missing"}])
def test_an_empty_helper_is_none(tmp_path: Path, content: dict[str, object]) -> None:
    assert find_credentials("ghcr.io", config(tmp_path, content), {}) is None
    auths = {"auths": {"ghcr.io": {"auth": AUTH}}}
    assert find_credentials("ghcr.io", config(tmp_path, content | auths), {}) is not None


def test_a_helper_that_fails_leaves_what_the_file_has(tmp_path: Path) -> None:
    content = {"credsStore": "missing", "auths": {"ghcr.io": {"auth": AUTH}}}
    assert find_credentials("ghcr.io", config(tmp_path, content), {"PATH": "/nowhere"}) is not None


@pytest.mark.parametrize("body", ["echo nonsense", None])
def test_a_helper_that_fails_matters_where_a_login_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str | None
) -> None:
    monkeypatch.setenv("PATH", helper(tmp_path, body)["PATH"] if body else "/nowhere")
    folder = config(tmp_path, {"credsStore": "test"})
    arguments = {"username": "", "password": "", "docker_config": folder, "timeout": 5}
    with serve(FakeRegistry()) as registry:
        open_registry(registry.host, arguments).ping()
        registry.auth = "basic"
        with pytest.raises(Unauthorized, match=r"wants credentials \(.*docker-credential-test.*\): set app_registry"):
            open_registry(registry.host, arguments).ping()


def test_what_may_not_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    folder = config(tmp_path, {})
    tmp_path.chmod(0o000)
    try:
        with as_nobody(), pytest.raises(CredentialsError, match=r"json cannot be read by \S+: Permission denied"):
            find_credentials("ghcr.io", folder, {})
    finally:
        tmp_path.chmod(0o700)
