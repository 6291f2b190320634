"""Who a kubeconfig's user is to the API server: what it holds itself, or gets from a file or a credential plugin."""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .errors import KubeconfigError, one_line

EXEC_TIMEOUT = 60
EXEC_API = "client.authentication.k8s.io/v1"
# The extension of a cluster's entry that is meant for its credential plugin.
EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")


@dataclass(frozen=True)
class Credentials:
    """How the client shows who it is: HTTP headers, or a client certificate (PEM)."""

    headers: dict[str, str] = field(default_factory=dict)
    certificate: bytes = b""
    key: bytes = b""
    # Of the user that is impersonated; each is a header of its own.
    groups: tuple[str, ...] = ()
    # When they end, in seconds since 1970; 0 where nothing says so.
    expires: float = 0.0


@dataclass(frozen=True)
class Asker:
    """For whom credentials are looked up: how an error names it, the environment, and the cluster's entry."""

    where: str
    environ: Mapping[str, str]
    cluster: Mapping[str, Any]


def changeable_file(user: Mapping[str, Any]) -> bool:
    """Whether a file says who we are, which others may renew: the token of a Pod, for one."""
    return any(user.get(key) for key in ("tokenFile", "client-certificate", "client-key"))


def changeable(user: Mapping[str, Any]) -> bool:
    """Whether looking a second time may bring other credentials."""
    return changeable_file(user) or bool(user.get("exec"))


def blob(entry: Mapping[str, Any], key: str, where: str) -> bytes:
    """The content of `KEY-data` (base64) or of the file that `KEY` names; data wins."""
    if data := entry.get(f"{key}-data"):
        return _decoded("".join(str(data).split()), f"{where}: {key}-data")
    try:
        return Path(str(entry[key])).read_bytes() if entry.get(key) else b""
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"{where}: {key} cannot be read: {one_line(str(error))}") from error


def _decoded(text: str, what: str) -> bytes:
    if wrong := _NOT_BASE64.search(text):
        around = text[max(0, wrong.start() - 8) : wrong.end() + 8]
        raise KubeconfigError(f"{what} is not base64: {wrong[0]!r} at character {wrong.start() + 1} (… {around} …).")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise KubeconfigError(f"{what} is not base64 ({len(text)} characters): {one_line(str(error))}.") from error


def credentials_of(user: Mapping[str, Any], asker: Asker) -> Credentials:
    """What the user's entry leads to; as with kubectl, a plugin runs only where nothing else says who we are."""
    headers: dict[str, str] = {}
    certificate, key = (blob(user, name, asker.where) for name in ("client-certificate", "client-key"))
    token, expires = _token(user, asker), 0.0
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    if isinstance(user.get("exec"), dict) and not token and not headers:
        status = _exec_credential(user["exec"], asker)
        token, expires = str(status.get("token") or ""), _time(status.get("expirationTimestamp"))
        certificate = str(status.get("clientCertificateData") or "").encode() or certificate
        key = str(status.get("clientKeyData") or "").encode() or key
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Credentials(headers | _impersonated(user, asker.where), certificate, key, _groups(user), expires)


def _token(user: Mapping[str, Any], asker: Asker) -> str:
    if user.get("tokenFile"):
        return blob(user, "tokenFile", asker.where).decode("ascii", "replace").strip()
    if user.get("token"):
        return str(user["token"])
    provider = user.get("auth-provider")
    config = (provider.get("config") or {}) if isinstance(provider, dict) else {}
    token = str(config.get("id-token") or config.get("access-token") or "")
    if token and 0 < _end(token) < time.time():
        # To renew it here would use up a refresh token that kubectl keeps.
        raise KubeconfigError(
            f"{asker.where}: the login has expired: any kubectl command renews it, such as `get pods`."
        )
    return token


def _end(token: str) -> float:
    """When a token (JWT) says that it ends; 0 when it does not."""
    try:
        payload = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (LookupError, TypeError, ValueError):
        return 0.0


def _impersonated(user: Mapping[str, Any], where: str) -> dict[str, str]:
    refused = [key for key in ("as-uid", "as-user-extra") if user.get(key)]
    if refused:
        raise KubeconfigError(
            f"{where}: {refused[0]} is not supported, for kubernetes.core cannot send it; as and as-groups are."
        )
    if user.get("as-groups") and not user.get("as"):
        raise KubeconfigError(f"{where}: as-groups needs a user, too (as).")
    return {"Impersonate-User": str(user["as"])} if user.get("as") else {}


def _groups(user: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(group) for group in user.get("as-groups") or [])


def _exec_credential(spec: Mapping[str, Any], asker: Asker) -> dict[str, Any]:
    """Run the credential plugin that the kubeconfig names (cloud clusters do so)."""
    where = asker.where
    command = [str(spec.get("command", "")), *(str(item) for item in spec.get("args") or [])]
    told: dict[str, Any] = {"interactive": False}
    if spec.get("provideClusterInfo"):
        told["cluster"] = _cluster_info(asker)
    info = {"apiVersion": str(spec.get("apiVersion") or EXEC_API), "kind": "ExecCredential", "spec": told}
    environment = dict(asker.environ) | {"KUBERNETES_EXEC_INFO": json.dumps(info)}
    environment |= {str(item["name"]): str(item["value"]) for item in spec.get("env") or []}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=EXEC_TIMEOUT, check=True
        )
        status = json.loads(done.stdout)["status"]
    except FileNotFoundError as error:
        hint = str(spec.get("installHint") or "install it, or use a kubeconfig without a credential plugin")
        raise KubeconfigError(
            f"{where}: the credential plugin {command[0]} is not installed: {one_line(hint)}"
        ) from error
    except subprocess.CalledProcessError as error:
        said = one_line((error.stderr or b"").decode("utf-8", "replace")) or "no message"
        raise KubeconfigError(f"{where}: the credential plugin {command[0]} failed: {said}") from error
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise KubeconfigError(
            f"{where}: the credential plugin {command[0]} gave no credentials: {one_line(str(error))}"
        ) from error
    if not isinstance(status, dict) or not (status.get("token") or status.get("clientCertificateData")):
        raise KubeconfigError(f"{where}: the credential plugin {command[0]} gave neither a token nor a certificate.")
    return status


def _cluster_info(asker: Asker) -> dict[str, Any]:
    """What a plugin is told of the cluster, files as their content."""
    entry = asker.cluster
    keys = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")
    told: dict[str, Any] = {key: entry[key] for key in keys if entry.get(key)}
    if authority := blob(entry, "certificate-authority", asker.where):
        told["certificate-authority-data"] = base64.b64encode(authority).decode("ascii")
    for item in entry.get("extensions") or []:
        if isinstance(item, dict) and item.get("name") == EXEC_EXTENSION:
            told["config"] = item.get("extension")
    return told


def _time(stamp: Any) -> float:
    try:
        return datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0
    except ValueError:
        return 0.0
