"""A registry of a few lines, in this process.

The protocol's unhappy answers (a token that is refused, a header that is missing, a limit of
requests) cannot be had from a real registry on demand; the happy ones are tried with a real
registry by the scenarios that build and push.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import struct
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from loopback import listening

USER_AUTHORIZATION = "Basic bWU6czNjcmV0"  # me:s3cret


@dataclass
class FakeRegistry:
    """What the registry holds, how it behaves, and what it was asked."""

    auth: str = ""
    """ "", "basic" or "bearer"."""
    fails_with: int = 0
    says: str = "no\\nmore"
    troubles: list[int] = field(default_factory=list)
    """What it says to the next requests instead of an answer: a status, or 0 to cut the connection."""
    retry_after: str = ""
    hidden: int = 0
    """What it says of what it does not have, as Artifactory (403) and GHCR (401) do; 0 for 404."""
    storage: str = ""
    """Another host that has the blobs, as registries on object storage redirect to."""
    refuses_head: bool = False
    """Whether it takes GET alone, as an address does that is signed for that."""
    meets: threading.Barrier | None = None
    """Where it waits for another registry before it answers."""
    hangs_up: bool = False
    """Whether it closes a connection after each answer, without a word."""
    moved_to: str = ""
    connections: int = 0
    tells_digests: bool = True
    lists_referrers: bool = False
    anonymous_token: bool = True
    deletes: int = 202
    """What it says to a deletion: 405 is a registry that allows none."""
    page: int = 100
    """How many tags it lists at once."""
    manifests: dict[str, bytes] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    accepted: str = ""
    port: int = 0

    @property
    def host(self) -> str:
        """The registry's host as an image names it."""
        return f"127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: FakeRegistry

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def setup(self) -> None:
        """Count, then do as ever."""
        self.registry.connections += 1
        super().setup()

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if self.registry.hangs_up:
            self.close_connection = True

    def _token(self) -> None:
        given = self.headers.get("Authorization")
        if given not in (None, USER_AUTHORIZATION) or (given is None and not self.registry.anonymous_token):
            self._answer(401)
        else:
            self._answer(200, b'{"token": "user"}' if given else b'{"access_token": "nobody"}')

    def _challenge(self) -> str | None:
        given = self.headers.get("Authorization", "")
        if self.registry.auth == "basic" and given != USER_AUTHORIZATION:
            return 'Basic realm="test"'
        if self.registry.auth == "bearer":
            allowed = ("Bearer user",) if self.command in ("PUT", "DELETE") else ("Bearer user", "Bearer nobody")
            if given not in allowed:
                return f'Bearer realm="http://{self.registry.host}/token",service="fake"'
        return None

    def _trouble(self, status: int) -> None:
        if status:
            headers = {"Retry-After": self.registry.retry_after} if self.registry.retry_after else None
            return self._answer(status, headers=headers)
        # A reset rather than an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        return None

    def _serve(self) -> None:
        registry = self.registry
        registry.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/token"):
            return self._token()
        if registry.meets:
            registry.meets.wait()
        if registry.troubles:
            return self._trouble(registry.troubles.pop(0))
        if registry.refuses_head and self.command == "HEAD":
            return self._answer(403)
        if registry.storage and "/blobs/" in self.path and self.command in ("GET", "HEAD"):
            return self._answer(307, headers={"Location": f"http://{registry.storage}{self.path}"})
        if registry.fails_with:
            headers = {"Retry-After": registry.retry_after} if registry.retry_after else None
            return self._answer(
                registry.fails_with, f'{{"errors": [{{"message": "{registry.says}"}}]}}'.encode(), headers
            )
        if registry.moved_to and not self.path.startswith(registry.moved_to):
            return self._answer(307, headers={"Location": f"{registry.moved_to}{self.path}"})
        self.path = self.path.removeprefix(registry.moved_to)
        challenge = self._challenge()
        if challenge:
            return self._answer(401, headers={"WWW-Authenticate": challenge})
        if self.path == "/v2/":
            return self._answer(200, b"{}")
        if self.command == "POST":
            return self._answer(202, headers={"Location": f"http://elsewhere:80{self.path}1?state=a"})
        if self.command == "PUT" and "/blobs/uploads/" in self.path:
            folder, _, digest = self.path.partition("uploads/1?state=a&digest=")
            registry.manifests[folder + urllib.parse.unquote(digest)] = body
            registry.media_types[folder + urllib.parse.unquote(digest)] = "application/octet-stream"
            return self._answer(201)
        if self.command == "PUT" and registry.lists_referrers and "subject" in json.loads(body):
            self._list(body)
            return self._answer(201, headers={"OCI-Subject": json.loads(body)["subject"]["digest"]})
        if self.command == "PUT":
            registry.manifests[self.path] = body
            registry.media_types[self.path] = self.headers["Content-Type"]
            return self._answer(201)
        if self.command == "DELETE":
            return self._delete()
        if "/tags/list" in self.path:
            return self._tags()
        registry.accepted = self.headers.get("Accept", "")
        stored = registry.manifests.get(self.path)
        if stored is None:
            return self._answer(registry.hidden or 404, b'{"errors": [{"message": "manifest unknown"}]}')
        headers = {"Content-Type": registry.media_types[self.path]}
        if registry.tells_digests:
            headers["Docker-Content-Digest"] = f"sha256:{hashlib.sha256(stored).hexdigest()}"
        return self._answer(200, stored, headers)

    def _list(self, body: bytes) -> None:
        """Do what registries do that have the referrers API."""
        manifest = json.loads(body)
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        repository = self.path.partition("/manifests/")[0]
        listed = f"{repository}/referrers/{manifest['subject']['digest']}"
        entry = {"digest": digest, "mediaType": manifest["mediaType"], "artifactType": manifest["artifactType"]}
        for path, content in (
            (listed, json.dumps({"manifests": [entry]}).encode()),
            (f"{repository}/manifests/{digest}", body),
        ):
            self.registry.manifests[path] = content
            self.registry.media_types[path] = manifest["mediaType"]

    def _tags(self) -> None:
        """A page of them, and where the next one is."""
        registry, (path, _, query) = self.registry, self.path.partition("?")
        folder = f"{path.removesuffix('/tags/list')}/manifests/"
        tags = sorted(one.removeprefix(folder) for one in registry.manifests if one.startswith(folder))
        tags = [tag for tag in tags if not tag.startswith("sha256:")]
        last = urllib.parse.parse_qs(query).get("last", [""])[0]
        page = [tag for tag in tags if tag > last][: registry.page]
        more = bool(page) and page[-1] != tags[-1]
        following = {"Link": f'<http://elsewhere:80{path}?n=1&last={page[-1]}>; rel="next"'} if more else {}
        self._answer(200, json.dumps({"tags": page or None}).encode(), following)

    def _delete(self) -> None:
        """A manifest by its digest, with every tag that names it."""
        registry, (folder, _, digest) = self.registry, self.path.rpartition("/")
        if registry.deletes >= 400:
            return self._answer(registry.deletes, b'{"errors": [{"message": "The operation is unsupported."}]}')
        named = [
            path
            for path, body in registry.manifests.items()
            if path.startswith(f"{folder}/") and f"sha256:{hashlib.sha256(body).hexdigest()}" == digest
        ]
        for path in named:
            del registry.manifests[path]
        return self._answer(registry.deletes if named else 404)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve


@contextmanager
def serve(registry: FakeRegistry, certificate: Path | None = None) -> Iterator[FakeRegistry]:
    """Run ``registry`` on a free port of this machine; with TLS if there is a certificate, whose key lies beside it."""
    handler = type("Handler", (_Handler,), {"registry": registry})
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with listening(handler, tls) as registry.port:
        yield registry
