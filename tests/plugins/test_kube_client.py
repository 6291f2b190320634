"""Talking to an API server that does not do what one hopes."""

from __future__ import annotations

import datetime
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.cluster_check import (
    check_ingress_class,
    namespace_exists,
    release,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_client import (
    KubeClient,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_config import (
    Cluster,
    Credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_errors import (
    ApiError,
    ConnectionFailedError,
    ForbiddenError,
    KubeError,
    NotFoundError,
    UnauthorizedError,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fake_api_server import Reply, serving, status, write_kubeconfig


def certificate(days: int) -> tuple[bytes, bytes]:
    """A self-signed certificate that ends in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def client(server: str, credentials: Credentials | None = None) -> KubeClient:
    """A client without a kubeconfig file."""
    return KubeClient(Cluster(server, "here", "/kubeconfig", credentials or Credentials()), timeout=2)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(401, UnauthorizedError), (403, ForbiddenError), (404, NotFoundError), (422, ApiError)],
)
def test_statuses_become_typed_errors_of_one_line(code: int, kind: type[ApiError]) -> None:
    with serving(lambda *_: status(code, "because\nof this")) as server, pytest.raises(kind) as error:
        client(server).get("/version")
    assert error.value.status == code
    assert error.value.message == "because of this"
    assert "\n" not in str(error.value)


def test_an_expired_client_certificate_is_told() -> None:
    made, key = certificate(days=-1)
    with serving(lambda *_: status(401, "UnauthorizedError")) as server, pytest.raises(UnauthorizedError) as error:
        client(server, Credentials(certificate=made, key=key)).get("/version")
    assert "The client certificate expired on" in str(error.value)
    assert "app_kubeconfig" in str(error.value)


def test_refused_connection() -> None:
    with serving(lambda *_: (200, {})) as server:
        pass
    with pytest.raises(ConnectionFailedError, match=r"connection refused.*app_kubeconfig"):
        client(server).get("/version")


def test_unknown_name() -> None:
    with pytest.raises(ConnectionFailedError, match=r"name api\.invalid is not known"):
        client("http://api.invalid:1").get("/version")


def test_untrusted_certificate(tmp_path: Path) -> None:
    made, key = certificate(days=10)
    pem = tmp_path / "pem"
    pem.write_bytes(made + key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.handle_request, daemon=True).start()
    server.timeout = 5
    with pytest.raises(ConnectionFailedError, match="certificate is not trusted"):
        client(f"https://127.0.0.1:{server.server_port}").get("/version")
    server.server_close()


def test_a_server_that_is_no_url() -> None:
    with pytest.raises(ConnectionFailedError, match="no http"):
        client("127.0.0.1:6443")


def test_an_answer_that_is_not_json(tmp_path: Path) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>a login page</html>")

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.handle_request, daemon=True).start()
    with pytest.raises(ApiError, match="a login page"):
        client(f"http://127.0.0.1:{server.server_port}").get("/version")
    server.server_close()


def test_paths() -> None:
    kube = client("http://127.0.0.1:1")
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a", "namespace": "b"}}
    assert kube.path_of(ingress) == "/apis/networking.k8s.io/v1/namespaces/b/ingresses/a"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b"}}
    assert kube.path_of(space) == "/api/v1/namespaces/b"


def test_kinds_that_are_not_known_are_asked_for() -> None:
    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        resources = [{"name": "cronjobs", "kind": "CronJob", "namespaced": True}]
        return (200, {"resources": resources}) if path == "/apis/batch/v1beta1" else status(404, "no")

    job = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "a"}}
    with serving(route) as server:
        path = client(server).path_of(job)
        assert path == "/apis/batch/v1beta1/namespaces/default/cronjobs/a"
        with pytest.raises(KubeError, match=r"does not serve batch/v1 CronJob"):
            client(server).path_of({**job, "apiVersion": "batch/v1"})


def test_from_a_file(tmp_path: Path) -> None:
    seen: list[str] = []

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        seen.append(path)
        return 200, {"gitVersion": "v1.20.2"}

    with serving(route) as server, KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, f"{server}/prefix/")) as kube:
        assert kube.get("/version", a="b c")["gitVersion"] == "v1.20.2"
    assert seen == ["/prefix/version?a=b+c"]


def test_ingress_class_not_there_lists_those_there_are() -> None:
    classes = {"items": [{"metadata": {"name": "nginx"}}, {"metadata": {"name": "haproxy"}}]}
    with serving(lambda *_: (200, classes)) as server:
        assert check_ingress_class(client(server), "nginx") == ["haproxy", "nginx"]
        with pytest.raises(
            KubeError, match=r"no IngressClass traefik \(it has: haproxy, nginx\): set app_ingress_class"
        ):
            check_ingress_class(client(server), "traefik")
    with serving(lambda *_: (200, {"items": []})) as server, pytest.raises(KubeError, match="it has none"):
        check_ingress_class(client(server), "traefik")


def test_what_may_not_be_seen_is_no_reason_to_refuse() -> None:
    with serving(lambda *_: status(403, "forbidden")) as server:
        assert check_ingress_class(client(server), "traefik") == []
        assert namespace_exists(client(server), "mine") is None


@pytest.mark.parametrize(
    ("text", "number"), [("v1.20.2", (1, 20)), ("v1.37.0+k3s1", (1, 37)), ("v1.9.1", (1, 9)), ("", (1, 20))]
)
def test_release(text: str, number: tuple[int, int]) -> None:
    assert release(text) == number
