"""The little of the registry protocol (OCI distribution) that publishing an image needs.

Only the standard library: `requests` or the Docker SDK would cost a fifth of a second for
each run that finds nothing to do.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import re
import socket
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.files import cannot_be_read
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import Credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.http import (
    Answer,
    KeepHead,
    host_of,
    may_push,
    one_line,
    persistent,
    retry_after,
    tls,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import (
    DOCKER_HUB,
    ImageReference,
    is_loopback,
)

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_REDIRECTS = (301, 302, 303, 307, 308)
_CHALLENGE_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class RegistryError(UserError):
    """A registry that does not do what it is asked; the message is one line for a person."""


class Unreachable(RegistryError):
    """Nothing that speaks the registry's protocol answers there."""


class Busy(RegistryError):
    """The registry cannot say now, and nothing follows from it."""


class Unauthorized(RegistryError):
    """The registry wants credentials, or refuses those it got."""


@dataclass(frozen=True)
class Manifest:
    """An image's manifest, byte for byte, as its digest covers it."""

    body: bytes
    media_type: str
    digest: str


@dataclass
class RegistryClient:
    """Speaks to one registry, as one user or as nobody."""

    host: str
    """The registry as images name it: ``docker.io``, ``127.0.0.1:5000``."""
    credentials: Credentials | None = None
    timeout: float = 20
    authorities: tuple[Path, ...] = ()
    """Whose certificate it may have (trust.py); with one, a registry on this machine is spoken to with TLS."""
    without_login: str = ""
    """Why there are no credentials, where there should be some."""
    _guard: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _basic: str = field(default="", repr=False)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _opener: urllib.request.OpenerDirector | None = field(default=None, repr=False)
    _kept: http.client.HTTPConnection | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        """Without TLS only what is on this machine, and only where nobody has named its authority."""
        return "http" if is_loopback(self.host) and not self.authorities else "https"

    def ping(self) -> None:
        """Check that a registry answers and takes the credentials."""
        answer = self._ask("GET", "/v2/", scope=None)
        if answer.status != HTTPStatus.OK:
            raise Unreachable(
                f"{self.host} responds with {answer.status} to /v2/: that is not an image registry. Check app_registry"
            )

    def digest(self, image: ImageReference) -> str | None:
        """Return the digest of ``image``, or None when the registry does not have it."""
        answer = self._manifest("HEAD", image)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        digest = answer.headers.get("Docker-Content-Digest")
        if digest:
            return digest
        manifest = self.manifest(image)
        return manifest.digest if manifest else None

    def find(self, image: ImageReference) -> str | None:
        """As digest, for an image that is still to be pushed: what this user may not see counts as not there.

        Some registries say 403, or 401, of what does not exist. Whoever got a token for writing is told by the push.
        """
        try:
            return self.digest(image)
        except Unauthorized:
            scope = f"repository:{image.repository}:pull,push"
            if self.credentials is None or not self._may_write(image, scope):
                raise
        return None

    def _may_write(self, image: ImageReference, scope: str) -> bool:
        """Whether the registry took the credentials: it gave a token for writing, or says that it knows the user."""
        path = f"/v2/{image.repository}/manifests/{image.manifest}"
        answer = self._answer("HEAD", path, scope)
        if answer.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
            return True
        token = self._tokens.get(scope, "").removeprefix("Bearer ")
        return bool(token) and may_push(token)

    def manifest(self, image: ImageReference) -> Manifest | None:
        """Return the manifest of ``image``, or None when the registry does not have it."""
        answer = self._manifest("GET", image)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        return Manifest(answer.body, answer.headers.get_content_type(), digest)

    def blob(self, image: ImageReference, digest: str) -> bytes:
        """Return what the manifest of ``image`` names by this digest, such as its configuration."""
        answer = self._ask("GET", f"/v2/{image.repository}/blobs/{digest}", scope=f"repository:{image.repository}:pull")
        if answer.status != HTTPStatus.OK:
            raise self._unexpected(f"a part of the image {image}", answer)
        return answer.body

    def put_manifest(self, image: ImageReference, manifest: Manifest) -> bool:
        """Store ``manifest``, whose layers the registry has, under the tag of ``image``.

        Return whether the registry has noted by itself what the manifest is attached to.
        """
        answer = self._ask(
            "PUT",
            f"/v2/{image.repository}/manifests/{image.manifest}",
            scope=f"repository:{image.repository}:pull,push",
            data=manifest.body,
            content_type=manifest.media_type,
        )
        if answer.status not in (200, 201, 202):
            raise self._unexpected(f"the tag {image}", answer)
        return "OCI-Subject" in answer.headers

    def _manifest(self, method: str, image: ImageReference) -> Answer:
        answer = self._ask(
            method,
            f"/v2/{image.repository}/manifests/{image.manifest}",
            scope=f"repository:{image.repository}:pull",
        )
        if answer.status not in (200, 404):
            raise self._unexpected(f"the image {image}", answer)
        return answer

    def _unexpected(self, what: str, answer: Answer) -> RegistryError:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(answer)
            wait = f"wait {seconds:.0f} s" if seconds else "wait"
            return Busy(f"The registry {self.host} limits the rate of requests (429): {wait}, or log in")
        said = ""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = "; ".join(str(one["message"]) for one in json.loads(answer.body)["errors"])
        tail = f" ({one_line(said)})" if said else ""
        kind = Busy if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else RegistryError
        via = f" (at {answer.host})" if self._is_elsewhere(answer) else ""
        return kind(f"The registry {self.host}{via} responds with {answer.status} to the request for {what}{tail}")

    def _is_elsewhere(self, answer: Answer) -> bool:
        """Whether a redirect has led to another host: storage, which knows no users."""
        return answer.host not in ("", ImageReference(self.host, "").api_host)

    def _ask(
        self, method: str, path: str, *, scope: str | None, data: bytes | None = None, content_type: str = ""
    ) -> Answer:
        answer = self._answer(method, path, scope, data, content_type)
        if answer.status in (401, 403) and not self._is_elsewhere(answer):
            raise self._refused(" for writing" if method in ("PUT", "POST", "DELETE") else "")
        return answer

    def _answer(
        self, method: str, path: str, scope: str | None, data: bytes | None = None, content_type: str = ""
    ) -> Answer:
        """The response, whatever it is, with the credentials if they are wanted."""
        host = ImageReference(self.host, "").api_host
        url = f"{self.scheme}://{host}{path}"
        headers = {"Accept": ", ".join(MANIFEST_TYPES)}
        if content_type:
            headers["Content-Type"] = content_type
        known = self._basic or self._tokens.get(scope or "")
        answer = self._send(method, url, headers, known, data)
        if answer.status == HTTPStatus.BAD_REQUEST and self.scheme == "http" and b"HTTPS" in answer.body:
            raise Unreachable(
                f"The registry {self.host} speaks TLS: put the certificate of its authority, as"
                f" certs.d/{self.host}/ca.crt, into the folder of the Docker CLI's configuration"
                " (app_docker_config, DOCKER_CONFIG, or ~/.docker)"
            )
        if answer.status != HTTPStatus.UNAUTHORIZED or self._is_elsewhere(answer):
            return answer
        return self._send(method, url, headers, self._logged_in(answer.headers, scope, known), data)

    def _logged_in(self, challenge: Message, scope: str | None, refused: str | None = None) -> str:
        """What to send with a request that was refused with this challenge."""
        with self._guard:
            known = self._basic or self._tokens.get(scope or "")
            if known and known != refused:
                # Another thread was quicker.
                return known
            authorization = self._authorization(challenge.get("WWW-Authenticate", ""), scope)
            if authorization.startswith("Basic "):
                # Good for everything there, unlike a token.
                self._basic = authorization
            else:
                self._tokens[scope or ""] = authorization
            return authorization

    def _refused(self, what: str) -> Unauthorized:
        login = f"docker login {self.host}" if self.host != DOCKER_HUB else "docker login"
        if self.credentials is None:
            why = f" ({self.without_login})" if self.without_login else ""
            return Unauthorized(
                f"The registry {self.host} wants credentials{what}{why}: set app_registry_username and"
                f" app_registry_password, or log in with `{login}`"
            )
        return Unauthorized(
            f"The registry {self.host} refuses user '{self.credentials.username}' (from {self.credentials.source})"
            f"{what}: correct app_registry_username and app_registry_password, or log in again with `{login}`"
        )

    def _authorization(self, challenge: str, scope: str | None) -> str:
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic" or not challenge:
            if self.credentials is None:
                raise self._refused("")
            return self.credentials.basic
        parameters = dict(_CHALLENGE_PARAMETER.findall(rest))
        realm = parameters.get("realm", "")
        parts = urllib.parse.urlsplit(realm)
        # A registry could name a realm without TLS and so collect the password in clear.
        if parts.scheme != "https" and not is_loopback(parts.netloc):
            raise RegistryError(f"The registry {self.host} wants a login ({kind}) that is not understood here")
        return f"Bearer {self._token(realm, parameters.get('service'), scope)}"

    def _token(self, realm: str, service: str | None, scope: str | None) -> str:
        query = [(name, value) for name, value in (("service", service), ("scope", scope)) if value]
        headers: dict[str, str] = {}
        authorization = self.credentials.basic if self.credentials else None
        if self.credentials and self.credentials.is_identity_token:
            form = [*query, ("grant_type", "refresh_token"), ("refresh_token", self.credentials.secret)]
            data = urllib.parse.urlencode([*form, ("client_id", "fastapi-mysql-k8s")]).encode()
            answer = self._send("POST", realm, headers, None, data)
        else:
            separator = "&" if "?" in realm else "?"
            url = f"{realm}{separator}{urllib.parse.urlencode(query)}"
            answer = self._send("GET", url, headers, authorization, None)
        if answer.status in (400, 401, 403):
            raise self._refused("")
        if answer.status != HTTPStatus.OK:
            raise self._unexpected("a token", answer)
        try:
            body = json.loads(answer.body)
            return str(body.get("token") or body["access_token"])
        except (ValueError, KeyError, AttributeError) as error:
            raise RegistryError(f"The registry {self.host} gave a token that cannot be read") from error

    def _send(
        self, method: str, url: str, headers: dict[str, str], authorization: str | None, data: bytes | None
    ) -> Answer:
        host = urllib.parse.urlsplit(url).netloc
        try:
            return persistent(lambda: self._send_once(method, url, headers, authorization, data), self.timeout)
        except (OSError, http.client.HTTPException) as error:
            raise self._no_connection(host, error) from error

    def _send_once(
        self, method: str, url: str, headers: dict[str, str], authorization: str | None, data: bytes | None
    ) -> Answer:
        parts = urllib.parse.urlsplit(url)
        if is_loopback(self.host) and parts.netloc == self.host:
            with self._guard:
                path = url.removeprefix(f"{parts.scheme}://{parts.netloc}")
                answer = self._send_kept(method, path, headers, authorization, data)
            if not (answer.status in _REDIRECTS and answer.headers.get("Location")):
                return answer
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        if authorization:
            # Not sent on to another host when the registry redirects.
            request.add_unredirected_header("Authorization", authorization)
        try:
            with self._open(request) as response:
                return Answer(response.status, response.headers, response.read(), host_of(response.geturl()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read(), host_of(error.url))
        except urllib.error.URLError as error:
            raise (error.reason if isinstance(error.reason, OSError) else error) from error

    def _send_kept(
        self, method: str, path: str, headers: dict[str, str], authorization: str | None, data: bytes | None
    ) -> Answer:
        """Ask the registry on this machine, never through a proxy (as Docker), with one TLS handshake for all."""
        sent = headers | ({"Authorization": authorization} if authorization else {})
        again = self._kept is not None
        try:
            if self._kept is None:
                self._kept = self._connection()
            self._kept.request(method, path, body=data, headers=sent)
            response = self._kept.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # A connection that was kept may have been closed meanwhile; asking twice for the same does no harm here.
            if again and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
                return self._send_kept(method, path, headers, authorization, data)
            raise

    def _connection(self) -> http.client.HTTPConnection:
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, timeout=self.timeout)
        return http.client.HTTPSConnection(self.host, timeout=self.timeout, context=tls(self.authorities, True))

    def close(self) -> None:
        """Give up the connection; the next question makes another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        with self._guard:
            if self._opener is None:
                # As in Docker, what is on this machine is never asked through a proxy.
                proxies: dict[str, str] | None = {} if is_loopback(self.host) else None
                handlers: list[urllib.request.BaseHandler] = [KeepHead(), urllib.request.ProxyHandler(proxies)]
                if self.scheme == "https":
                    handlers.append(urllib.request.HTTPSHandler(context=tls(self.authorities, False)))
                self._opener = urllib.request.build_opener(*handlers)
        response: http.client.HTTPResponse = self._opener.open(request, timeout=self.timeout)
        return response

    def _no_connection(self, host: str, reason: object) -> Unreachable:
        if isinstance(reason, PermissionError) and self.authorities:
            why = cannot_be_read(f"what certs.d/{self.host} holds", reason)
        elif isinstance(reason, ConnectionRefusedError):
            why = "the connection is refused. Start the registry, or correct app_registry"
        elif isinstance(reason, socket.gaierror):
            why = "its name cannot be resolved. Correct app_registry, or fix the network"
        elif isinstance(reason, ssl.SSLCertVerificationError):
            why = (
                f"its certificate is not trusted ({one_line(getattr(reason, 'verify_message', reason))})."
                " Name the authority's file in SSL_CERT_FILE, or put it beside Docker's login,"
                f" as certs.d/{self.host}/ca.crt"
            )
        elif isinstance(reason, ssl.SSLError):
            detail = one_line(getattr(reason, "reason", None) or reason)
            why = f"TLS fails ({detail}). Only a registry on this machine is used without TLS"
        elif isinstance(reason, TimeoutError):
            why = f"no response within {self.timeout:g} s. Check app_registry and the network"
        else:
            why = f"{one_line(reason)}. Check app_registry"
        via = "" if host == self.host else f" (at {host})"
        return Unreachable(f"No registry responds at {self.host}{via}: {why}")
