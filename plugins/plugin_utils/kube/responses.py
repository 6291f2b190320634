"""What an API server's response means, or that there was none: a JSON object, or an error in words for people."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.parse
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .config import Cluster
from .errors import (
    ApiError,
    BusyError,
    ConnectionFailedError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    UnauthorizedError,
    one_line,
)


class Reply(NamedTuple):
    """What came back, whatever its status."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage


def where(cluster: Cluster) -> str:
    """The cluster, at the beginning of a sentence."""
    return f"Kubernetes at {cluster.server} (context {cluster.context})"


def unreachable(cluster: Cluster, error: Exception, timeout: float) -> ConnectionFailedError:
    """Why there was no response; `timeout` is for how many seconds one was waited for."""
    place = where(cluster)
    host = urllib.parse.urlsplit(cluster.server).hostname
    hint = f"Check app_kubeconfig ({cluster.source}) and app_context."
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionFailedError(f"{place}: its certificate is not trusted: {error.verify_message}. {hint}")
    if isinstance(error, ssl.SSLError):
        return ConnectionFailedError(f"{place}: TLS failed: {one_line(str(error))}.{_expiry(cluster)} {hint}")
    if isinstance(error, ConnectionRefusedError):
        return ConnectionFailedError(f"{place}: connection refused; is the cluster running? {hint}")
    if isinstance(error, socket.gaierror):
        return ConnectionFailedError(f"{place}: the name {host} is not known to DNS. {hint}")
    if isinstance(error, TimeoutError):
        return ConnectionFailedError(f"{place}: no response within {timeout:g} s. {hint}")
    return ConnectionFailedError(f"{place}: {one_line(str(error)) or type(error).__name__}. {hint}")


def content(cluster: Cluster, method: str, path: str, reply: Reply) -> dict[str, Any]:
    """The JSON object of a response; raises the ApiError that it stands for."""
    status = reply.status
    try:
        answer = json.loads(reply.body)
    except ValueError:
        answer = reply.body.decode("utf-8", "replace")
    if status < 400 and isinstance(answer, dict):
        return answer
    message = str(answer.get("message") or "") if isinstance(answer, dict) else str(answer)
    message = one_line(message) or http.client.responses.get(status, "no message")
    place = where(cluster)
    if status == 401:
        hint = _expiry(cluster) or " They may have expired."
        raise UnauthorizedError(
            f"{place} refuses the credentials of {cluster.source} (401).{hint} Renew them, or "
            "set app_kubeconfig and app_context.",
            status,
            message,
        )
    if status == 403:
        raise ForbiddenError(f"{place} forbids it (403): {message}", status, message)
    if status == 404:
        raise NotFoundError(f"{place}: not found: {message}", status, message)
    text = f"{place} answered {status} to {method} {path}: {message}"
    if status == 410:
        raise GoneError(text, status, message)
    if status in (429, 503):
        why = "limits the rate of requests" if status == 429 else "is not able to serve now"
        raise BusyError(f"{place} {why} ({status}): {message}. Run again later.", status, message, _wait(reply))
    refusal = ApiError(text, status, message)
    refusal.causes = _causes(answer)
    raise refusal


def _expiry(cluster: Cluster) -> str:
    """Say so when the client certificate has expired; the server only says 401."""
    if not cluster.credentials.certificate:
        return ""
    try:
        from cryptography import x509

        end = x509.load_pem_x509_certificate(cluster.credentials.certificate).not_valid_after_utc
    except (ImportError, ValueError, AttributeError):
        return ""
    expired = end < datetime.now(UTC)
    return f" The client certificate expired on {end:%Y-%m-%d %H:%M} UTC." if expired else ""


def _causes(answer: Any) -> list[dict[str, str]]:
    """What a refusal says of single fields."""
    details = (answer.get("details") if isinstance(answer, dict) else None) or {}
    return [cause for cause in details.get("causes") or [] if isinstance(cause, dict)]


def _wait(reply: Reply) -> float | None:
    """The seconds that the header Retry-After asks for; dates, which Kubernetes does not use, count as none."""
    text = reply.headers.get("Retry-After") or ""
    return float(text) if text.isdigit() else None
