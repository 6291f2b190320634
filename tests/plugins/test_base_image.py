"""What a build starts from counts by its digest, and no registry in trouble changes a tag."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build import base_image
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.base_image import (
    LABEL,
    UnknownBase,
    pins,
    pulls,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.dockerfile import images_of
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.images import look
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import MANIFEST_TYPES

from fake_registry import FakeRegistry, serve

PATH = "/v2/base/manifests/12"
DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_image, "PATIENCE", 0.5)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def put(registry: FakeRegistry, path: str, content: object) -> bytes:
    body = json.dumps(content).encode()
    registry.manifests[path], registry.media_types[path] = body, MANIFEST_TYPES[1]
    return body


@pytest.fixture
def own() -> Iterator[FakeRegistry]:
    """The registry that gets the images."""
    with serve(FakeRegistry()) as registry:
        yield registry


@pytest.fixture
def elsewhere() -> Iterator[FakeRegistry]:
    """The one that has the base."""
    with serve(FakeRegistry()) as registry:
        put(registry, PATH, {"version": 1})
        yield registry


@pytest.fixture
def context(tmp_path: Path, elsewhere: FakeRegistry) -> Path:
    (tmp_path / "Dockerfile").write_text(f"ARG B={elsewhere.host}/base:12\nFROM $B\n")
    return tmp_path


def state(own: FakeRegistry, context: Path, **more: Any) -> dict[str, Any]:
    image = {"name": "api", "tag": "1", "context": str(context), "dockerfile": "", "build_args": {}, "target": ""}
    arguments = {"username": "", "password": "", "docker_config": "/nowhere", "timeout": 1}
    return look([image | {"platforms": [], "bases": {}} | more], own.host, arguments)[0]


def remember(own: FakeRegistry, labels: dict[str, str], index: bool = False) -> None:
    """Have an image under the human-readable tag, as the build that had these labels left it."""
    config = put(own, "/v2/api/blobs/c", {"config": {"Labels": labels}})
    own.manifests[f"/v2/api/blobs/{digest(config)}"] = config
    own.media_types[f"/v2/api/blobs/{digest(config)}"] = "application/json"
    manifest = put(own, "/v2/api/manifests/1", {"config": {"digest": digest(config)}})
    if index:
        put(own, f"/v2/api/manifests/{digest(manifest)}", json.loads(manifest))
        attestation = {"digest": "sha256:0", "platform": {"os": "unknown"}}
        put(own, "/v2/api/manifests/1", {"manifests": [attestation, {"digest": digest(manifest)}]})


def test_each_base_counts_by_its_digest(own: FakeRegistry, elsewhere: FakeRegistry, context: Path) -> None:
    before = state(own, context)
    assert before["bases"] == {f"{elsewhere.host}/base:12": digest(elsewhere.manifests[PATH])}
    assert before["base_notes"] == []
    put(elsewhere, PATH, {"version": 2})
    assert state(own, context)["tag"] != before["tag"]


@pytest.mark.parametrize(
    "line",
    ["FROM {}", "FROM scratch\nCOPY --from={} / /", "FROM scratch\nRUN --mount=from={} x", "# syntax={}\nFROM scratch"],
)
def test_wherever_it_is_named(own: FakeRegistry, elsewhere: FakeRegistry, context: Path, line: str) -> None:
    (context / "Dockerfile").write_text(line.format(f"{elsewhere.host}/base:12"))
    before = state(own, context)["tag"]
    put(elsewhere, PATH, {"version": 2})
    assert state(own, context)["tag"] != before


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("trouble", [429, 401, 403, 404, 500, 503])
def test_a_registry_in_trouble_changes_no_tag(
    own: FakeRegistry, elsewhere: FakeRegistry, context: Path, trouble: int, index: bool
) -> None:
    before = state(own, context)
    remember(own, before["labels"], index)
    elsewhere.fails_with = trouble
    elsewhere.retry_after = "60"
    found = state(own, context)
    assert found["tag"] == before["tag"]
    assert len(found["base_notes"]) == 1
    assert "counts as it was known before" in found["base_notes"][0]


@pytest.mark.parametrize("trouble", [429, 404, 503])
def test_what_counted_earlier_in_the_run_goes_on_counting(
    own: FakeRegistry, elsewhere: FakeRegistry, context: Path, trouble: int
) -> None:
    before = state(own, context)
    elsewhere.fails_with = trouble
    assert state(own, context, bases=before["bases"])["tag"] == before["tag"]


def test_so_does_one_that_counted_by_its_name(own: FakeRegistry, elsewhere: FakeRegistry, context: Path) -> None:
    kept = elsewhere.manifests.pop(PATH)
    before = state(own, context)
    assert "counts by its name: its registry does not have it" in before["base_notes"][0]
    elsewhere.manifests[PATH] = kept
    assert state(own, context, bases=before["bases"])["tag"] == before["tag"]
    assert state(own, context)["tag"] != before["tag"]


@pytest.mark.parametrize("labels", [{}, {LABEL: "{"}, {LABEL: "[]"}, {LABEL: '{"other": "sha256:1"}'}])
def test_where_nothing_is_known_no_tag_is_made(
    own: FakeRegistry, elsewhere: FakeRegistry, context: Path, labels: dict[str, str]
) -> None:
    remember(own, labels)
    elsewhere.fails_with = 503
    with pytest.raises(
        UnknownBase, match=r"no earlier build has recorded it: .* responds with 503.*name the image by its digest"
    ):
        state(own, context)


def test_a_frontend_that_cannot_be_reached_is_named(own: FakeRegistry, context: Path) -> None:
    (context / "Dockerfile").write_text("# syntax=127.0.0.1:1/docker/dockerfile:1.4\nFROM scratch\n")
    with pytest.raises(UnknownBase, match=r"frontend 127.0.0.1:1/docker/dockerfile:1.4 .* cannot be reached") as raised:
        state(own, context)
    assert "Remove that line" in str(raised.value) and "\n" not in str(raised.value)


def test_one_that_is_pinned_is_not_asked_for(own: FakeRegistry, elsewhere: FakeRegistry, context: Path) -> None:
    pinned = f"{elsewhere.host}/base@{digest(b'')}"
    (context / "Dockerfile").write_text(f"FROM {pinned}\n")
    assert state(own, context)["bases"] == {pinned: digest(b"")}
    assert elsewhere.asked == []


def test_what_is_no_image_is_left_to_the_build(own: FakeRegistry, context: Path) -> None:
    (context / "Dockerfile").write_text("FROM Not/An/Image\n")
    assert state(own, context)["base_notes"] == []


def test_registries_are_asked_side_by_side(own: FakeRegistry, elsewhere: FakeRegistry, context: Path) -> None:
    with serve(FakeRegistry()) as third:
        put(third, PATH, {})
        both = threading.Barrier(2, timeout=5)
        elsewhere.meets = third.meets = both
        text = f"FROM {elsewhere.host}/base:12\nCOPY --from={third.host}/base:12 / /\n"
        (context / "Dockerfile").write_text(text)
        assert all(state(own, context)["bases"].values())


def test_only_a_name_that_stands_alone_is_pinned() -> None:
    def pinned(text: str) -> dict[str, str]:
        arguments = {"BASE_IMAGE": "python:3"}
        bases = dict.fromkeys(images_of(text, arguments).all, "sha256:1")
        return pins(lambda given: images_of(text, given).all, arguments, bases)

    assert pinned("ARG BASE_IMAGE\nFROM $BASE_IMAGE\nCOPY --from=a / /") == {"BASE_IMAGE": "python:3@sha256:1"}
    assert pinned("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}-slim\nCOPY --from=python:3 / /") == {}
    assert pinned("FROM node") == {}


def test_the_engine_has_what_is_named_without_a_digest() -> None:
    bases = {"a:1": "1", "b:1": "2", f"c@{DIGEST}": DIGEST, f"127.0.0.1:5000/d@{DIGEST}": DIGEST, "local": ""}
    assert pulls(bases, {"BASE_IMAGE": "a:1@1"}) == {"b:1": "2", f"127.0.0.1:5000/d@{DIGEST}": DIGEST}
