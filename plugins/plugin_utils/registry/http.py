"""How requests reach a registry: certificates, redirects, and what is worth another try."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

# What a registry, or what is in front of it, says while it is busy or being restarted.
_BUSY = (429, 500, 502, 503, 504)
_PAUSES = (0.25, 0.75, 2.0, 4.0)


@dataclass(frozen=True)
class Answer:
    """A response, and the host that gave it: another than was asked where a redirect has led there."""

    status: int
    headers: Message
    body: bytes
    host: str = ""


def one_line(text: object) -> str:
    """The text without its line ends."""
    return " ".join(str(text).split())


def tls(authorities: tuple[Path, ...], own_only: bool) -> ssl.SSLContext:
    """Trust the registry's own authorities and, unless they are the only ones, what else this machine trusts.

    That is the system's (SSL_CERT_FILE counts), which cost some milliseconds to read, and those of REQUESTS_CA_BUNDLE.
    """
    if not own_only:
        context = ssl.create_default_context()
        bundle = os.environ.get("REQUESTS_CA_BUNDLE")
        authorities = (*authorities, Path(bundle)) if bundle else authorities
    else:
        context = ssl.create_default_context(cafile=authorities[0])
    if authorities or os.environ.get("SSL_CERT_FILE"):
        # Python 3.13 began to refuse authorities without key identifiers, which many private ones are. Chain, dates
        # and names are checked as ever, as Docker does.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    for authority in authorities:
        context.load_verify_locations(authority)
    return context


class KeepHead(urllib.request.HTTPRedirectHandler):
    """A redirected HEAD stays one: before Python 3.13 it became a GET, for which a signed address is not valid."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The request that follows."""
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and req.get_method() == "HEAD":
            following.method = "HEAD"
        return following


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well succeed a moment later. A refused connection is a registry that is not up."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    # http.client.RemoteDisconnected is a ConnectionResetError, too.
    return isinstance(error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError))


def persistent(send: Callable[[], Answer], patience: float) -> Answer:
    """Send again what met a busy registry or a lost connection, for at most ``patience`` seconds."""
    end = time.monotonic() + patience
    for pause in _PAUSES:
        try:
            answer = send()
            wait = max(pause, retry_after(answer) or 0)
            if answer.status not in _BUSY or time.monotonic() + wait > end:
                return answer
        except OSError as error:
            wait = pause
            if not is_transient(error) or time.monotonic() + wait > end:
                raise
        time.sleep(wait)
    return send()


def retry_after(answer: Answer) -> float | None:
    """The seconds for which a registry wants to be left alone."""
    if answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        with contextlib.suppress(ValueError):
            return float(answer.headers.get("Retry-After", ""))
    return None


def host_of(url: str | None) -> str:
    """The host and port of an address."""
    return urllib.parse.urlsplit(url or "").netloc


def may_push(token: str) -> bool:
    """Whether a token is one for writing; one that does not say what it is for is taken for what was asked for."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return any("push" in one.get("actions", []) or "*" in one.get("actions", []) for one in claims["access"])
    except (IndexError, ValueError, KeyError, TypeError, AttributeError):
        return True
