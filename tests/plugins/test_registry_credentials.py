"""Credentials are found where `docker login` puts them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_credentials import (
    Credentials,
    CredentialsError,
    find_credentials,
)

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
