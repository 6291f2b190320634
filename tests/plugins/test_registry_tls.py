"""A registry on this machine that has a certificate, a login, and something against new connections."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import (
    MANIFEST_TYPES,
    RegistryClient,
    Unreachable,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.http import tls
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import ImageReference
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.session import open_registry
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.trust import authorities

from fake_registry import FakeRegistry, serve
from nobody import as_nobody
from test_platform_modules import run

BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
PATH = "/v2/me/api/manifests/1"
ME = Credentials("me", "s3cret")


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and the certificate of a registry, as the platform makes them."""
    folder = tmp_path_factory.mktemp("pki")
    arguments = {
        "directory": str(folder),
        "identities": [{"name": "registry", "common_name": "it", "hosts": ["127.0.0.1"]}],
    }
    assert run("platform_pki", **arguments)["changed"]
    return folder


def fake(**more: object) -> FakeRegistry:
    registry = FakeRegistry(manifests={PATH: BODY}, media_types={PATH: MANIFEST_TYPES[1]})
    for name, value in more.items():
        setattr(registry, name, value)
    return registry


@pytest.fixture
def registry(pki: Path) -> Iterator[FakeRegistry]:
    """One that has a certificate and wants a login."""
    with serve(fake(auth="basic"), pki / "registry.crt") as started:
        yield started


def image(registry: FakeRegistry, tag: str = "1") -> ImageReference:
    return ImageReference(registry.host, "me/api", tag)


def test_one_handshake_and_one_refusal_for_all_questions(registry: FakeRegistry, pki: Path) -> None:
    client = RegistryClient(registry.host, ME, authorities=(pki / "ca.crt",))
    client.ping()
    assert client.digest(image(registry)) == DIGEST
    manifest = client.manifest(image(registry))
    assert manifest is not None
    client.put_manifest(image(registry, "2"), manifest)
    assert registry.connections == 1
    assert registry.asked == ["GET /v2/", "GET /v2/", f"HEAD {PATH}", f"GET {PATH}", "PUT /v2/me/api/manifests/2"]
    client.close()


def test_the_login_and_the_authority_lie_beside_each_other(registry: FakeRegistry, pki: Path, tmp_path: Path) -> None:
    folder = tmp_path / "certs.d" / registry.host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes((pki / "ca.crt").read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": "bWU6czNjcmV0"}}}))
    arguments = {"username": "", "password": "", "docker_config": str(tmp_path), "timeout": 5}
    assert open_registry(registry.host, arguments).digest(image(registry)) == DIGEST


def test_a_certificate_of_somebody_else_is_refused(registry: FakeRegistry, pki: Path, tmp_path: Path) -> None:
    assert run("platform_pki", directory=str(tmp_path), identities=[])["changed"]
    with pytest.raises(Unreachable, match="its certificate is not trusted"):
        RegistryClient(registry.host, ME, authorities=(tmp_path / "ca.crt",)).ping()
    assert registry.asked == []


def test_an_authority_that_is_not_known_is_asked_for() -> None:
    says = "Client sent an HTTP request to an HTTPS server."  # as Go's servers answer
    with serve(fake(fails_with=400, says=says)) as registry, pytest.raises(Unreachable) as raised:
        RegistryClient(registry.host).ping()
    assert f"speaks TLS: put the certificate of its authority, as certs.d/{registry.host}/ca.crt" in str(raised.value)


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    with serve(fake(hangs_up=True)) as registry:
        client = RegistryClient(registry.host)
        assert [client.digest(image(registry)) for _ in range(3)] == [DIGEST] * 3
        assert registry.connections == 3
        client.close()


def test_without_tls_the_connection_is_kept_too() -> None:
    with serve(fake()) as registry:
        client = RegistryClient(registry.host)
        assert [client.digest(image(registry)) for _ in range(3)] == [DIGEST] * 3
        assert registry.connections == 1
        client.close()


def test_what_lies_elsewhere_is_fetched_from_there() -> None:
    with serve(fake(moved_to="/elsewhere")) as registry:
        manifest = RegistryClient(registry.host).manifest(image(registry))
        assert manifest is not None and manifest.digest == DIGEST


def test_the_engines_authorities_count_where_there_are_no_own(tmp_path: Path) -> None:
    for folder in ("own/certs.d/r:1", "engine/r:1", "engine/r:2"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "ca.crt").touch()
    own, engine = tmp_path / "own", tmp_path / "engine"
    assert authorities("r:1", str(own), {}, engine) == (own / "certs.d/r:1/ca.crt",)
    assert authorities("r:2", None, {"DOCKER_CONFIG": str(own)}, engine) == (engine / "r:2/ca.crt",)
    assert authorities("r:3", str(own), {}, engine) == ()


@pytest.fixture(scope="session")
def plain_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority and a certificate without key identifiers, as EKS and many private authorities make them."""
    folder = tmp_path_factory.mktemp("plain-pki")
    none = "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
    (folder / "ca.cnf").write_text(
        "[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=ca\n[name]\nCN=plain\n"
        f"[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n{none}"
    )
    (folder / "leaf.cnf").write_text(f"subjectAltName=IP:127.0.0.1\n{none}")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"]
    for command in (
        ["req", "-x509", *key, "-config", "ca.cnf", "-keyout", "ca.key", "-out", "ca.crt", "-days", "1"],
        ["req", *key, "-config", "ca.cnf", "-subj", "/CN=registry", "-keyout", "registry.key", "-out", "registry.csr"],
        ["x509", "-req", *signed, "-extfile", "leaf.cnf", "-in", "registry.csr", "-out", "registry.crt", "-days", "1"],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python 3.13 has by default, on every Python."""
    made = ssl.create_default_context

    def create(*arguments: Any, **more: Any) -> ssl.SSLContext:
        context = made(*arguments, **more)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", create)


@pytest.mark.usefixtures("strict")
def test_an_authority_without_key_identifiers_is_trusted(plain_pki: Path, pki: Path) -> None:
    with serve(fake(moved_to="/elsewhere"), plain_pki / "registry.crt") as registry:
        # The second request, behind the redirect, is made with what else the machine trusts.
        assert RegistryClient(registry.host, ME, authorities=(plain_pki / "ca.crt",)).digest(image(registry)) == DIGEST
        with pytest.raises(Unreachable, match="its certificate is not trusted"):
            RegistryClient(registry.host, ME, authorities=(pki / "ca.crt",)).ping()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.usefixtures("strict")
def test_so_is_one_that_a_variable_names(plain_pki: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, str(plain_pki / "ca.crt"))
    assert not tls((), own_only=False).verify_flags & ssl.VERIFY_X509_STRICT


def test_an_authority_that_may_not_be_read_is_said(registry: FakeRegistry, pki: Path) -> None:
    (pki / "closed.crt").write_bytes((pki / "ca.crt").read_bytes())
    (pki / "closed.crt").chmod(0o000)
    with as_nobody(), pytest.raises(Unreachable, match=r"cannot be read by \S+: Permission denied"):
        RegistryClient(registry.host, ME, authorities=(pki / "closed.crt",)).ping()
