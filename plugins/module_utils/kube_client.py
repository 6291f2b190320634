"""A small Kubernetes client for the controller: one connection, standard library and PyYAML only.

The official client costs 0.4 s to import and a module task 0.45 s to start. Comparing what runs with what is wanted
needs a few requests only; what changes the cluster stays with kubernetes.core.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import socket
import ssl
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from .kube_config import Cluster, load_cluster, load_documents
from .kube_errors import (
    ApiError,
    ConnectionFailedError,
    ForbiddenError,
    KubeError,
    NotFoundError,
    UnauthorizedError,
    one_line,
)

JSON = "application/json"
APPLY = "application/apply-patch+yaml"

# Kinds whose place is known, so that no discovery is needed: (plural, namespaced).
PLURALS: dict[tuple[str, str], tuple[str, bool]] = {
    ("v1", "Namespace"): ("namespaces", False),
    ("v1", "Pod"): ("pods", True),
    ("v1", "Secret"): ("secrets", True),
    ("v1", "Service"): ("services", True),
    ("apps/v1", "Deployment"): ("deployments", True),
    ("apps/v1", "ReplicaSet"): ("replicasets", True),
    ("networking.k8s.io/v1", "Ingress"): ("ingresses", True),
    ("networking.k8s.io/v1", "IngressClass"): ("ingressclasses", False),
}


# Where JSON and YAML differ: YAML wants these escaped (they are no text to it, or the end of a line), but knows no
# surrogate pairs, which is how JSON may escape what is beyond 16 bits.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def encoded(body: dict[str, Any]) -> bytes:
    """A body that is JSON and YAML at once, so that one encoding serves both kinds of request."""
    text = json.dumps(body, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


class _TlsConnection(http.client.HTTPSConnection):
    """HTTPS whose certificate may be for another name than the address (tls-server-name)."""

    def __init__(self, host: str, port: int, timeout: float, tls: ssl.SSLContext, server_name: str) -> None:
        super().__init__(host, port, timeout=timeout, context=tls)
        self._tls = tls
        self._server_name = server_name

    def connect(self) -> None:
        """Connect (through the tunnel, if there is one), then speak TLS."""
        http.client.HTTPConnection.connect(self)
        tunnel = getattr(self, "_tunnel_host", None)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._server_name or tunnel or self.host)


class KubeClient:
    """Requests to one API server over one kept connection."""

    def __init__(self, cluster: Cluster, timeout: float = 20.0) -> None:
        """Connects at the first request."""
        self.cluster = cluster
        self.timeout = timeout
        self._url = urllib.parse.urlsplit(cluster.server)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ConnectionFailedError(f"Kubeconfig {cluster.source}: server {cluster.server} is no http(s) URL.")
        self._connection: http.client.HTTPConnection | None = None
        self._discovered: dict[str, dict[str, tuple[str, bool]]] = {}

    @classmethod
    def from_kubeconfig(cls, kubeconfig: str = "", context: str = "", timeout: float = 20.0) -> KubeClient:
        """A client for the cluster that the kubeconfig and context name."""
        return cls(load_cluster(kubeconfig, context), timeout)

    def __enter__(self) -> Self:
        """Connects at the first request."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop the connection."""
        self.close()

    def close(self) -> None:
        """Drop the connection; the next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET a path and return its JSON object."""
        return self.request("GET", path, query)

    def find(self, path: str, **query: str) -> dict[str, Any] | None:
        """GET a path, None when it is not there."""
        try:
            return self.get(path, **query)
        except NotFoundError:
            return None

    def text(self, path: str, **query: str) -> str:
        """GET a path that answers with plain text, such as a log."""
        target = self._url.path + path + "?" + urllib.parse.urlencode(query)
        try:
            status, body = self._send("GET", target, None, {**self.cluster.credentials.headers})
        except (http.client.HTTPException, OSError) as error:
            raise self._unreachable(error) from error
        if status >= 400:
            self._answer("GET", path, status, body)
        return body.decode("utf-8", "replace")

    def watch_once(self, collection: str, name: str, version: str, seconds: int) -> None:
        """Block until the object changes, or until the server ends the watch."""
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        target = f"{self._url.path}{collection}?{urllib.parse.urlencode(query)}"
        connection = self._connect()
        try:
            connection.request("GET", target, headers={"Accept": JSON, **self.cluster.credentials.headers})
            response = connection.getresponse()
            if response.status >= 400:
                self._answer("GET", collection, response.status, response.read())
            response.readline()
        except (http.client.HTTPException, OSError) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def dry_apply(self, path: str, document: dict[str, Any], manager: str) -> dict[str, Any]:
        """What the object would be after a server-side apply; nothing is changed."""
        query = {"dryRun": "All", "fieldManager": manager, "force": "true"}
        return self.request("PATCH", path, query, document, APPLY)

    def dry_replace(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """What the object would be after being replaced as a whole; nothing is changed."""
        return self.request("PUT", path, {"dryRun": "All"}, document)

    def path_of(self, document: dict[str, Any], namespace: str = "") -> str:
        """The path of the object that a manifest describes."""
        api_version, kind = str(document["apiVersion"]), str(document["kind"])
        metadata = document["metadata"]
        plural, namespaced = PLURALS.get((api_version, kind)) or self._discover(api_version, kind)
        parts = ["", "apis" if "/" in api_version else "api", api_version]
        if namespaced:
            space = namespace or metadata.get("namespace") or self.cluster.namespace
            parts += ["namespaces", urllib.parse.quote(str(space), safe="")]
        return "/".join([*parts, plural, urllib.parse.quote(str(metadata["name"]), safe="")])

    def _discover(self, api_version: str, kind: str) -> tuple[str, bool]:
        if api_version not in self._discovered:
            listed = self.find(f"/{'apis' if '/' in api_version else 'api'}/{api_version}") or {}
            self._discovered[api_version] = {
                item["kind"]: (item["name"], bool(item["namespaced"]))
                for item in listed.get("resources", [])
                if "/" not in item["name"]
            }
        known = self._discovered[api_version].get(kind)
        if known is None:
            raise KubeError(f"{self._where()} does not serve {api_version} {kind}.")
        return known

    def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = JSON,
    ) -> dict[str, Any]:
        """Send one request, return the JSON object of the answer or raise a KubeError."""
        target = self._url.path + path + ("?" + urllib.parse.urlencode(query) if query else "")
        payload = encoded(body) if body is not None else None
        headers = {"Accept": JSON, "User-Agent": "fastapi-mysql-k8s", **self.cluster.credentials.headers}
        if payload is not None:
            headers["Content-Type"] = content_type
        reused = self._connection is not None
        try:
            status, text = self._send(method, target, payload, headers)
        except (http.client.HTTPException, ConnectionResetError, BrokenPipeError) as error:
            # A server may close a kept connection at any time: one new attempt, on a new one.
            if not reused:
                raise self._unreachable(error) from error
            self.close()
            try:
                status, text = self._send(method, target, payload, headers)
            except (http.client.HTTPException, OSError) as again:
                raise self._unreachable(again) from again
        except OSError as error:
            raise self._unreachable(error) from error
        return self._answer(method, path, status, text)

    def _send(self, method: str, target: str, payload: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = self._connect()
        try:
            self._connection.request(method, target, payload, headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (http.client.HTTPException, OSError):
            self.close()
            raise

    def _connect(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        secure = self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        proxy = urllib.parse.urlsplit(self._proxy(host))
        to_host, to_port = (proxy.hostname, proxy.port or 3128) if proxy.hostname else (host, port)
        if not secure:
            return http.client.HTTPConnection(host, port, timeout=self.timeout)
        connection = _TlsConnection(to_host, to_port, self.timeout, self.cluster.tls(), self.cluster.tls_server_name)
        if proxy.hostname:
            connection.set_tunnel(host, port)
        return connection

    def _proxy(self, host: str) -> str:
        """The proxy to use, as kubectl would: never for this machine itself."""
        if self.cluster.proxy:
            return self.cluster.proxy
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = host == "localhost"
        if loopback or urllib.request.proxy_bypass(host):
            return ""
        return urllib.request.getproxies().get("https", "")

    def _where(self) -> str:
        return f"Kubernetes at {self.cluster.server} (context {self.cluster.context})"

    def _unreachable(self, error: Exception) -> ConnectionFailedError:
        where = self._where()
        hint = f"Check app_kubeconfig ({self.cluster.source}) and app_context."
        if isinstance(error, ssl.SSLCertVerificationError):
            return ConnectionFailedError(f"{where}: its certificate is not trusted: {error.verify_message}. {hint}")
        if isinstance(error, ssl.SSLError):
            return ConnectionFailedError(f"{where}: TLS failed: {one_line(str(error))}.{self._expiry()} {hint}")
        if isinstance(error, ConnectionRefusedError):
            return ConnectionFailedError(f"{where}: connection refused; is the cluster running? {hint}")
        if isinstance(error, socket.gaierror):
            return ConnectionFailedError(f"{where}: the name {self._url.hostname} is not known to DNS. {hint}")
        if isinstance(error, TimeoutError):
            return ConnectionFailedError(f"{where}: no answer within {self.timeout:g} s. {hint}")
        return ConnectionFailedError(f"{where}: {one_line(str(error)) or type(error).__name__}. {hint}")

    def _answer(self, method: str, path: str, status: int, text: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = text.decode("utf-8", "replace")
        if status < 400 and isinstance(answer, dict):
            return answer
        message = str(answer.get("message") or "") if isinstance(answer, dict) else str(answer)
        message = one_line(message) or http.client.responses.get(status, "no message")
        where = self._where()
        if status == 401:
            hint = self._expiry() or " They may have expired."
            raise UnauthorizedError(
                f"{where} refuses the credentials of {self.cluster.source} (401).{hint} Renew them, or "
                "set app_kubeconfig and app_context.",
                status,
                message,
            )
        if status == 403:
            raise ForbiddenError(f"{where} forbids it (403): {message}", status, message)
        if status == 404:
            raise NotFoundError(f"{where}: not found: {message}", status, message)
        raise ApiError(f"{where} answered {status} to {method} {path}: {message}", status, message)

    def _expiry(self) -> str:
        """Say so when the client certificate has expired; the server only says 401."""
        if not self.cluster.credentials.certificate:
            return ""
        try:
            from cryptography import x509

            end = x509.load_pem_x509_certificate(self.cluster.credentials.certificate).not_valid_after_utc
        except (ImportError, ValueError, AttributeError):
            return ""
        expired = end < datetime.now(UTC)
        return f" The client certificate expired on {end:%Y-%m-%d %H:%M} UTC." if expired else ""


__all__ = ["KubeClient", "KubeError", "load_documents"]
