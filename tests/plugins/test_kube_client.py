"""Talking to an API server that does not do what one hopes."""

from __future__ import annotations

import base64
import datetime
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import (
    KubeClient,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import (
    Cluster,
    Credentials,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import (
    ApiError,
    ConnectionFailedError,
    ForbiddenError,
    KubeError,
    NotFoundError,
    UnauthorizedError,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.cluster_check import (
    check_ingress_class,
    namespace_exists,
    release,
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
    with pytest.raises(ConnectionFailedError, match="not an http"):
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
        resources = [{"name": "widgets", "kind": "Widget", "namespaced": True}]
        return (200, {"resources": resources}) if path == "/apis/example.org/v1beta1" else status(404, "no")

    job = {"apiVersion": "example.org/v1beta1", "kind": "Widget", "metadata": {"name": "a"}}
    with serving(route) as server:
        path = client(server).path_of(job)
        assert path == "/apis/example.org/v1beta1/namespaces/default/widgets/a"
        with pytest.raises(KubeError, match=r"does not serve example.org/v1 Widget"):
            client(server).path_of({**job, "apiVersion": "example.org/v1"})


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


def test_credentials_that_have_ended_are_renewed_once(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    heard: list[dict[str, str]] = []

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        token.write_text("new")
        return (200, {"seen": path}) if heard[-1]["Authorization"] == "Bearer new" else status(401, "Unauthorized")

    with serving(route, heard) as server:
        path = write_kubeconfig(tmp_path, server, {"tokenFile": "token"})
        with KubeClient.from_kubeconfig(path) as kube:
            assert kube.get("/a") == {"seen": "/a"}
        token.write_text("old")
        with KubeClient.from_kubeconfig(path) as kube:
            assert kube.request("POST", "/b", body={}) == {"seen": "/b"}
        token.write_text("old")
        with KubeClient.from_kubeconfig(path) as kube:
            # One line is one event here.
            assert len(list(kube.watch("/c", 1))) == 1
    assert [one["Authorization"] for one in heard] == ["Bearer old", "Bearer new"] * 3


def test_credentials_that_are_wrong_are_not_tried_again(tmp_path: Path) -> None:
    heard: list[dict[str, str]] = []
    (tmp_path / "token").write_text("wrong")
    for user in ({"tokenFile": "token"}, {"token": "wrong"}):
        with serving(lambda *_: status(401, "no"), heard) as server:
            path = write_kubeconfig(tmp_path, server, user)
            with KubeClient.from_kubeconfig(path) as kube, pytest.raises(UnauthorizedError):
                kube.get("/a")
    assert len(heard) == 2


class Silent:
    """A server whose connections are forgotten after their first response, without a word."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.kept: list[socket.socket] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            self.kept.append(connection)


def test_a_connection_that_was_dropped_silently(tmp_path: Path) -> None:
    server = Silent()
    with KubeClient.from_kubeconfig(write_kubeconfig(tmp_path, server.url), timeout=0.5) as kube:
        assert kube.get("/a") == kube.get("/b") == {}
        with pytest.raises(ConnectionFailedError, match="no response within"):
            kube.request("PATCH", "/c", body={})
        assert kube.get("/d") == {}
        # Idle for minutes: nobody is asked over it at all.
        kube._used -= 100
        assert kube.request("PATCH", "/e", body={}) == {}


@pytest.mark.parametrize("secure", [True, False])
def test_a_proxy_that_wants_a_login(tmp_path: Path, secure: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    said: list[str] = []

    def serve() -> None:
        connection, _ = listener.accept()
        said.append(connection.recv(65536).decode())
        connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    through = f"http://me:secret@127.0.0.1:{listener.getsockname()[1]}"
    server = f"http{'s' if secure else ''}://api.example:6443"
    path = write_kubeconfig(tmp_path, server, **{"proxy-url": through})
    with KubeClient.from_kubeconfig(path) as kube, pytest.raises(KubeError) as error:
        kube.get("/version")
    listener.close()
    assert said[0].startswith("CONNECT api.example:6443 " if secure else f"GET {server}/version HTTP")
    assert "Proxy-Authorization: Basic " + base64.b64encode(b"me:secret").decode() in said[0]
    assert "secret" not in str(error.value)
