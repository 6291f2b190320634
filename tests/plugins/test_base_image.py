"""The base image counts by its digest, wherever it comes from, and by its name when nobody can be asked."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.base_image import base_digest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_client import MANIFEST_TYPES, RegistryClient

from fake_registry import FakeRegistry, serve

PATH = "/v2/base/manifests/12"
BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
ARGUMENTS = {"docker_config": "/nowhere"}


@pytest.fixture
def elsewhere() -> FakeRegistry:
    return FakeRegistry(manifests={PATH: BODY}, media_types={PATH: MANIFEST_TYPES[1]})


def ask(image: str, registry: str = "127.0.0.1:1") -> tuple[str | None, str]:
    found = base_digest(RegistryClient(registry), {"BASE_IMAGE": image} if image else {}, ARGUMENTS)
    return found.digest, found.note


def test_of_our_own_registry_and_of_another(elsewhere: FakeRegistry) -> None:
    with serve(elsewhere):
        assert ask(f"{elsewhere.host}/base:12", elsewhere.host) == (DIGEST, "")
        assert ask(f"{elsewhere.host}/base:12") == (DIGEST, "")
        digest, note = ask(f"{elsewhere.host}/base:13")
    assert digest is None
    assert "counts by its name" in note


def test_one_that_is_pinned_is_not_asked_for() -> None:
    assert ask(f"127.0.0.1:1/base@{DIGEST}") == (DIGEST, "")


@pytest.mark.parametrize("image", ["", "Not an Image"])
def test_none(image: str) -> None:
    assert ask(image) == (None, "")


def test_a_registry_that_does_not_answer_is_no_obstacle() -> None:
    digest, note = ask("127.0.0.1:1/base:12")
    assert digest is None
    assert note.startswith("the base image 127.0.0.1:1/base:12 counts by its name: No registry answers")
