"""Image names are read as the Docker CLI reads them."""

from __future__ import annotations

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import (
    BadReference,
    is_loopback,
    parse_reference,
    reference_below,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "manifest"),
    [
        ("python", "docker.io/library/python", "latest"),
        ("python:3.13-slim", "docker.io/library/python:3.13-slim", "3.13-slim"),
        ("datascientest/mysql-k8s:1.0.0", "docker.io/datascientest/mysql-k8s:1.0.0", "1.0.0"),
        ("index.docker.io/me/api", "docker.io/me/api", "latest"),
        ("localhost/api:1", "localhost/api:1", "1"),
        ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1", "1"),
        ("127.0.0.1:5000/api", "127.0.0.1:5000/api", "latest"),
        (f"ghcr.io/me/api:1@{DIGEST}", f"ghcr.io/me/api:1@{DIGEST}", DIGEST),
        ("[::1]:5000/api:1", "[::1]:5000/api:1", "1"),
    ],
)
def test_references(text: str, full: str, manifest: str) -> None:
    image = parse_reference(text)
    assert str(image) == full
    assert image.manifest == manifest


@pytest.mark.parametrize(
    "text", ["", "Upper/case", "a:b:c", "api:", "api@sha256:12", "https://docker.io/me/api", "a//b"]
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(BadReference):
        parse_reference(text)


def test_docker_hub_answers_under_another_name() -> None:
    assert parse_reference("python").api_host == "registry-1.docker.io"
    assert parse_reference("ghcr.io/me/api").api_host == "ghcr.io"


def test_names_below_a_registry() -> None:
    assert str(reference_below("docker.io/me", "api", "1")) == "docker.io/me/api:1"
    assert str(reference_below("me", "api", "1")) == "docker.io/me/api:1"
    assert str(reference_below("127.0.0.1:5000/", "api")) == "127.0.0.1:5000/api"


@pytest.mark.parametrize(
    ("registry", "name", "tag"),
    [
        ("docker.io", "api", "1"),
        ("https://ghcr.io", "api", "1"),
        ("ghcr.io/Me", "api", "1"),
        ("ghcr.io", "API", "1"),
        ("ghcr.io", "api", "a b"),
        ("bad_host.io", "api", "1"),
    ],
)
def test_names_that_no_registry_takes(registry: str, name: str, tag: str) -> None:
    with pytest.raises(BadReference):
        reference_below(registry, name, tag)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("localhost.example.com", False),
        ("128.0.0.1:5000", False),
        ("docker.io", False),
    ],
)
def test_only_this_machine_is_asked_without_tls(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
