"""Read kubeconfig files the way kubectl does, as far as a deployment needs it."""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .kube_errors import KubeconfigError, one_line

EXEC_TIMEOUT = 60


@dataclass(frozen=True)
class Credentials:
    """How the client shows who it is: HTTP headers, or a client certificate (PEM)."""

    headers: dict[str, str] = field(default_factory=dict)
    certificate: bytes = b""
    key: bytes = b""


@dataclass(frozen=True)
class Cluster:
    """Where the API server is, how it proves itself, and who we are to it."""

    server: str
    context: str
    source: str
    credentials: Credentials
    ca: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    proxy: str = ""
    namespace: str = "default"

    def tls(self) -> ssl.SSLContext:
        """The TLS settings that this cluster's entry asks for."""
        try:
            tls = ssl.create_default_context(cadata=self.ca or None)
            if self.insecure:
                tls.check_hostname = False
                tls.verify_mode = ssl.CERT_NONE
            if self.credentials.certificate:
                _load_client_certificate(tls, self.credentials)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise KubeconfigError(
                f"Kubeconfig {self.source}, context {self.context}: the certificate authority, client certificate "
                f"or key cannot be used: {one_line(str(error))}"
            ) from error
        return tls


def _load_client_certificate(tls: ssl.SSLContext, credentials: Credentials) -> None:
    """Python reads certificates from files only: one that nobody else can read, for a moment."""
    with tempfile.NamedTemporaryFile(prefix="kube-") as pem:
        pem.write(credentials.certificate + b"\n" + credentials.key)
        pem.flush()
        tls.load_cert_chain(pem.name)


def kubeconfig_paths(kubeconfig: str, environ: Mapping[str, str]) -> list[Path]:
    """The files to read: the one given, else $KUBECONFIG (a list), else ~/.kube/config."""
    if kubeconfig:
        return [Path(kubeconfig).expanduser()]
    listed = [Path(item) for item in environ.get("KUBECONFIG", "").split(os.pathsep) if item]
    return listed or [Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config"]


def load_cluster(kubeconfig: str = "", context: str = "", environ: Mapping[str, str] | None = None) -> Cluster:
    """The cluster that `context` (or the current context) of the kubeconfig names."""
    environ = os.environ if environ is None else environ
    paths = kubeconfig_paths(kubeconfig, environ)
    source = os.pathsep.join(str(path) for path in paths)
    merged = _merge(paths, source)
    wanted = context or merged.current
    known = ", ".join(sorted(merged.contexts)) or "none"
    if not wanted:
        raise KubeconfigError(
            f"Kubeconfig {source} has no current context: name one in app_context (there are: {known})."
        )
    if wanted not in merged.contexts:
        raise KubeconfigError(
            f"Context {wanted} is not in the kubeconfig {source} (there are: {known}): set app_context."
        )
    entry = merged.contexts[wanted]
    cluster = merged.clusters.get(str(entry.get("cluster", "")))
    if not cluster or not cluster.get("server"):
        raise KubeconfigError(f"Kubeconfig {source}: the cluster of context {wanted} is not there or has no server.")
    user = merged.users.get(str(entry.get("user", "")), {})
    where = f"Kubeconfig {source}, context {wanted}"
    return Cluster(
        server=str(cluster["server"]).rstrip("/"),
        context=wanted,
        source=source,
        credentials=_credentials(user, where, environ, str(cluster["server"])),
        ca=_blob(cluster, "certificate-authority", where).decode("utf-8", "replace"),
        insecure=bool(cluster.get("insecure-skip-tls-verify", False)),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        proxy=str(cluster.get("proxy-url") or ""),
        namespace=str(entry.get("namespace") or "default"),
    )


@dataclass
class _Merged:
    """All files of a kubeconfig list as one: the first to name a thing wins."""

    current: str = ""
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)


def _merge(paths: list[Path], source: str) -> _Merged:
    merged = _Merged()
    found = False
    for path in paths:
        document = _read(path)
        if document is None:
            continue
        found = True
        merged.current = merged.current or str(document.get("current-context") or "")
        for plural, singular, target in (
            ("contexts", "context", merged.contexts),
            ("clusters", "cluster", merged.clusters),
            ("users", "user", merged.users),
        ):
            for item in document.get(plural) or []:
                if isinstance(item, dict) and isinstance(item.get(singular), dict):
                    target.setdefault(str(item.get("name")), _absolute(item[singular], path.parent))
    if not found:
        raise KubeconfigError(
            f"Kubeconfig {source}: no such file. Set app_kubeconfig (or KUBECONFIG) to the kubeconfig of your cluster."
        )
    return merged


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"Kubeconfig {path} cannot be read: {one_line(str(error))}") from error
    try:
        document = next(iter(load_documents(text)), None)
    except yaml.YAMLError as error:
        raise KubeconfigError(f"Kubeconfig {path} is not YAML: {one_line(str(error))}") from error
    if not isinstance(document, dict):
        raise KubeconfigError(f"Kubeconfig {path} is empty or not a kubeconfig.")
    return document


def _absolute(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """File names in a kubeconfig are relative to it, not to where we run."""
    resolved = dict(entry)
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if resolved.get(key):
            resolved[key] = str(folder / str(resolved[key]))
    return resolved


def _blob(entry: Mapping[str, Any], key: str, where: str) -> bytes:
    """The content of `KEY-data` (base64) or of the file that `KEY` names; data wins."""
    data = entry.get(f"{key}-data")
    try:
        if data:
            return base64.b64decode(str(data), validate=False)
        return Path(str(entry[key])).read_bytes() if entry.get(key) else b""
    except (binascii.Error, ValueError) as error:
        raise KubeconfigError(f"{where}: {key}-data is not base64.") from error
    except OSError as error:
        raise KubeconfigError(f"{where}: {key} cannot be read: {one_line(str(error))}") from error


def _credentials(user: Mapping[str, Any], where: str, environ: Mapping[str, str], server: str) -> Credentials:
    headers: dict[str, str] = {}
    certificate = _blob(user, "client-certificate", where)
    key = _blob(user, "client-key", where)
    token = str(user.get("token") or "")
    if user.get("tokenFile"):
        token = _blob(user, "tokenFile", where).decode("ascii", "replace").strip()
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    if isinstance(user.get("exec"), dict):
        status = _exec_credential(user["exec"], where, environ, server)
        token = str(status.get("token") or token)
        certificate = str(status.get("clientCertificateData") or "").encode() or certificate
        key = str(status.get("clientKeyData") or "").encode() or key
    provider = user.get("auth-provider")
    if isinstance(provider, dict) and not token:
        token = str((provider.get("config") or {}).get("id-token") or "")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if user.get("as"):
        headers["Impersonate-User"] = str(user["as"])
    return Credentials(headers=headers, certificate=certificate, key=key)


def _exec_credential(spec: Mapping[str, Any], where: str, environ: Mapping[str, str], server: str) -> dict[str, Any]:
    """Run the credential plugin that the kubeconfig names (cloud clusters do so)."""
    command = [str(spec.get("command", "")), *(str(item) for item in spec.get("args") or [])]
    api_version = str(spec.get("apiVersion") or "client.authentication.k8s.io/v1")
    info = {
        "apiVersion": api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": server}},
    }
    environment = dict(environ) | {"KUBERNETES_EXEC_INFO": json.dumps(info)}
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
    return status if isinstance(status, dict) else {}


def load_documents(text: str) -> list[Any]:
    """The documents of a YAML stream, empty ones left out; by the fast parser where there is one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, Loader=loader) if document]
