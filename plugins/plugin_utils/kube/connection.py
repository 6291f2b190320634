"""How requests get to an API server: address, TLS, proxy, and the headers that say who we are."""

from __future__ import annotations

import http.client
import ssl
import urllib.parse

from .config import Cluster
from .errors import ConnectionFailedError
from .proxy import parsed


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


class Way:
    """The way to one API server, for any number of connections."""

    def __init__(self, cluster: Cluster) -> None:
        """Raises ConnectionFailedError for an address that is none."""
        self.cluster = cluster
        url = urllib.parse.urlsplit(cluster.server)
        try:
            self.host, port = url.hostname or "", url.port
        except ValueError:
            self.host, port = "", None
        if url.scheme not in ("http", "https") or not self.host:
            raise ConnectionFailedError(f"Kubeconfig {cluster.source}: server {cluster.server} is not an http(s) URL.")
        self.secure = url.scheme == "https"
        self.port = port or (443 if self.secure else 80)
        self.proxy = parsed(cluster.through, cluster.where)
        # Without TLS a proxy is asked for the whole address; with it, for a tunnel.
        self.whole = self.proxy is not None and not self.secure
        self.base = (f"http://{url.netloc}" if self.whole else "") + url.path
        self._tls: ssl.SSLContext | None = None

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """A new connection; it is made when something is sent."""
        host, port = (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)
        if not self.secure:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        self._tls = self._tls or self.cluster.tls()
        connection = _TlsConnection(host, port, timeout, self._tls, self.cluster.tls_server_name)
        if self.proxy:
            connection.set_tunnel(self.host, self.port, self.proxy.headers)
        return connection

    def write(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        payload: bytes | None,
        headers: dict[str, str],
    ) -> None:
        """Send a request; each group that is impersonated is a header of its own."""
        credentials = self.cluster.credentials
        proxy = self.proxy.headers if self.proxy and self.whole else {}
        connection.putrequest(method, target, skip_host="Host" in headers)
        for name, value in ({"User-Agent": "fastapi-mysql-k8s"} | headers | credentials.headers | proxy).items():
            connection.putheader(name, value)
        for group in credentials.groups:
            connection.putheader("Impersonate-Group", group)
        if payload is not None or method != "GET":
            connection.putheader("Content-Length", str(len(payload or b"")))
        connection.endheaders(payload)
