"""The registry's protocol: what is asked, who asks, and what is said when it goes wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import (
    MANIFEST_TYPES,
    Busy,
    RegistryClient,
    RegistryError,
    Unauthorized,
    Unreachable,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import (
    Credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.http import may_push
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import (
    ImageReference,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.store import RegistryStore

from fake_registry import FakeRegistry, serve

BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
ME = Credentials("me", "s3cret")
PATH = "/v2/me/api/manifests/1"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    fake = FakeRegistry(manifests={PATH: BODY}, media_types={PATH: MANIFEST_TYPES[1]})
    with serve(fake):
        yield fake


def image(registry: FakeRegistry, tag: str = "1") -> ImageReference:
    return ImageReference(registry.host, "me/api", tag)


def test_a_digest_costs_one_request(registry: FakeRegistry) -> None:
    assert RegistryClient(registry.host).digest(image(registry)) == DIGEST
    assert registry.asked == [f"HEAD {PATH}"]
    assert all(one in registry.accepted for one in MANIFEST_TYPES)


def test_what_is_not_there_has_no_digest(registry: FakeRegistry) -> None:
    client = RegistryClient(registry.host)
    assert client.digest(image(registry, "2")) is None
    assert client.manifest(image(registry, "2")) is None


def test_a_registry_that_tells_no_digest_is_read(registry: FakeRegistry) -> None:
    registry.tells_digests = False
    assert RegistryClient(registry.host).digest(image(registry)) == DIGEST


def test_a_second_tag_has_the_same_bytes_and_type(registry: FakeRegistry) -> None:
    client = RegistryClient(registry.host)
    manifest = client.manifest(image(registry))
    assert manifest is not None
    client.put_manifest(image(registry, "2"), manifest)
    assert client.digest(image(registry, "2")) == DIGEST
    assert registry.media_types["/v2/me/api/manifests/2"] == MANIFEST_TYPES[1]


@pytest.mark.parametrize("auth", ["", "basic", "bearer"])
def test_the_right_user_may_do_all(registry: FakeRegistry, auth: str) -> None:
    registry.auth = auth
    client = RegistryClient(registry.host, ME)
    client.ping()
    manifest = client.manifest(image(registry))
    assert manifest is not None
    client.put_manifest(image(registry, "2"), manifest)


def test_a_token_is_asked_for_once(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    client = RegistryClient(registry.host, ME)
    client.digest(image(registry))
    client.digest(image(registry))
    assert sum(one.startswith("GET /token") for one in registry.asked) == 1
    assert any("scope=repository%3Ame%2Fapi%3Apull" in one for one in registry.asked)


def test_an_identity_token_is_traded_in(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    RegistryClient(registry.host, Credentials("<token>", "abc", is_identity_token=True)).ping()
    assert "POST /token" in registry.asked


def test_nobody_may_read_what_is_public_but_not_write(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    client = RegistryClient(registry.host)
    manifest = client.manifest(image(registry))
    assert manifest is not None
    with pytest.raises(Unauthorized, match="wants credentials for writing: set app_registry_username"):
        client.put_manifest(image(registry, "2"), manifest)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_missing_and_wrong_credentials_are_told_apart(registry: FakeRegistry, auth: str) -> None:
    registry.auth = auth
    registry.anonymous_token = False
    with pytest.raises(Unauthorized, match="wants credentials"):
        RegistryClient(registry.host).ping()
    with pytest.raises(Unauthorized, match=r"refuses user 'me' \(from the variables\)") as raised:
        RegistryClient(registry.host, Credentials("me", "wr0ng")).ping()
    assert "wr0ng" not in str(raised.value)


@pytest.mark.parametrize(("status", "says"), [(429, "limits the rate"), (500, r"responds with 500 .*\(no more\)")])
def test_other_answers_are_one_line(registry: FakeRegistry, status: int, says: str) -> None:
    registry.fails_with = status
    with pytest.raises(RegistryError, match=says) as raised:
        RegistryClient(registry.host, timeout=0.2).manifest(image(registry))
    assert "\n" not in str(raised.value)


def test_what_is_no_registry_is_named(registry: FakeRegistry) -> None:
    registry.fails_with = 404
    with pytest.raises(Unreachable, match="not an image registry"):
        RegistryClient(registry.host).ping()


def test_a_token_is_not_fetched_without_tls() -> None:
    client = RegistryClient("ghcr.io", ME)
    with pytest.raises(RegistryError, match="not understood"):
        client._authorization('Bearer realm="http://elsewhere.example/token"', None)


def test_a_refused_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Unreachable, match=f"No registry responds at {host}: the connection is refused"):
            RegistryClient(host).ping()


def test_a_registry_that_never_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Unreachable, match=r"no response within 0\.1 s"):
            RegistryClient(f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.1).ping()


def test_reasons_are_told_apart() -> None:
    client = RegistryClient("registry.example")
    assert "name cannot be resolved" in str(client._no_connection("registry.example", socket.gaierror(-2, "x")))
    untrusted = ssl.SSLCertVerificationError(1, "x")
    untrusted.verify_message = "self-signed certificate"
    assert "(self-signed certificate). Name the authority's file in SSL_CERT_FILE" in str(
        client._no_connection("registry.example", untrusted)
    )
    assert "without TLS" in str(client._no_connection("registry.example", ssl.SSLError(1, "wrong version number")))


def test_this_machine_is_never_asked_through_a_proxy(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert RegistryClient(registry.host).digest(image(registry)) == DIGEST


@pytest.mark.parametrize("troubles", [[503], [429, 502], [0], [504, 500]])
def test_a_registry_in_trouble_is_tried_again(registry: FakeRegistry, troubles: list[int]) -> None:
    registry.troubles = troubles
    assert RegistryClient(registry.host).digest(image(registry)) == DIGEST


def test_a_token_is_fetched_again_too(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    client = RegistryClient(registry.host, ME)
    assert client.digest(image(registry)) == DIGEST
    registry.troubles = [0, 503]
    manifest = client.manifest(image(registry))
    assert manifest is not None
    registry.troubles = [503]
    client.put_manifest(image(registry, "2"), manifest)
    assert registry.manifests["/v2/me/api/manifests/2"] == BODY


def test_a_registry_that_wants_to_be_left_alone_is(registry: FakeRegistry) -> None:
    registry.troubles, registry.retry_after = [429], "1"
    begun = time.monotonic()
    assert RegistryClient(registry.host).digest(image(registry)) == DIGEST
    assert time.monotonic() - begun >= 1
    registry.troubles, registry.retry_after = [429], "3600"
    with pytest.raises(Busy, match=r"limits the rate of requests \(429\): wait 3600 s, or log in"):
        RegistryClient(registry.host).digest(image(registry))


@pytest.mark.parametrize("hidden", [401, 403])
@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_what_was_never_pushed_may_be_hidden(registry: FakeRegistry, hidden: int, auth: str) -> None:
    registry.auth, registry.hidden = auth, hidden
    client = RegistryClient(registry.host, ME)
    assert client.find(image(registry)) == DIGEST
    if (auth, hidden) == ("basic", 401):
        # Nobody can tell that from a wrong password.
        with pytest.raises(Unauthorized, match="refuses user 'me'"):
            client.find(image(registry, "2"))
    else:
        assert client.find(image(registry, "2")) is None
    with pytest.raises(Unauthorized):
        RegistryClient(registry.host, Credentials("me", "wr0ng")).find(image(registry, "2"))
    registry.anonymous_token = False
    with pytest.raises(Unauthorized, match="wants credentials"):
        RegistryClient(registry.host).find(image(registry, "2"))


def test_a_token_says_what_it_is_for() -> None:
    def token(*actions: str) -> str:
        claims = json.dumps({"access": [{"type": "repository", "actions": actions}]}).encode()
        return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"

    assert may_push(token("pull", "push"))
    assert may_push("opaque")
    assert not may_push(token("pull"))


def test_a_redirected_head_stays_one(registry: FakeRegistry) -> None:
    registry.moved_to = "/elsewhere"
    assert RegistryClient(registry.host).digest(image(registry)) == DIGEST
    assert registry.asked == [f"HEAD {PATH}", f"HEAD {PATH}", f"HEAD /elsewhere{PATH}"]


def test_a_layer_in_storage_is_read_once(registry: FakeRegistry) -> None:
    path = "/v2/me/api/blobs/sha256:1"
    with serve(FakeRegistry(manifests={path: b"layer"}, media_types={path: "x/y"}, refuses_head=True)) as storage:
        registry.auth, registry.storage = "bearer", storage.host
        client = RegistryStore(registry.host, ME)
        with client.open_blob(image(registry), "sha256:1") as layer:
            assert layer.read() == b"layer"
        assert storage.asked == [f"GET {path}"]
        assert client.put_blob(image(registry), b"there").startswith("sha256:")
        assert not [one for one in registry.asked if one.startswith("POST /v2")]


def test_a_refusal_of_the_storage_is_no_refusal_of_the_user(registry: FakeRegistry) -> None:
    with serve(FakeRegistry(fails_with=403)) as storage:
        registry.storage = storage.host
        client = RegistryStore(registry.host, ME)
        for read in (
            lambda: client.blob(image(registry), "sha256:1"),
            client.open_blob(image(registry), "sha256:1").__enter__,
        ):
            with pytest.raises(RegistryError, match=rf"\(at {storage.host}\) responds with 403") as raised:
                read()
            assert not isinstance(raised.value, Unauthorized)


def test_an_interrupted_layer_is_asked_for_again(registry: FakeRegistry) -> None:
    path = "/v2/me/api/blobs/sha256:1"
    registry.manifests[path], registry.media_types[path] = b"layer", "x/y"
    registry.troubles = [503, 0]
    with RegistryStore(registry.host).open_blob(image(registry), "sha256:1") as layer:
        assert layer.read() == b"layer"
