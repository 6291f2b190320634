"""Read kubeconfig files the way kubectl does, as far as a deployment needs it."""

from __future__ import annotations

import getpass
import os
import re
import ssl
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from .credentials import Asker, Credentials, blob, changeable_file, credentials_of
from .errors import KubeconfigError, one_line
from .proxy import parsed, proxy_url

# Under this name a kubeconfig that was made for a run says where it is from.
EXTENSION = "fastapi-mysql-k8s"
# Credentials that end sooner are renewed beforehand.
FRESH_SECONDS = 180
_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----.+?-----END [^-]+-----", re.DOTALL)


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
    # What the kubeconfig says of a proxy, and the one that leads there in fact; empty for none.
    proxy: str = ""
    namespace: str = "default"
    through: str = ""
    # The entries of the user and the cluster, with absolute paths: what credentials are renewed from.
    login: Mapping[str, Any] = field(default_factory=dict)
    entry: Mapping[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """How errors name it."""
        return f"Kubeconfig {self.source}, context {self.context}"

    def renewed(self) -> Cluster:
        """The same with credentials that were looked up again."""
        found = credentials_of(self.login, Asker(self.where, os.environ, self.entry))
        return replace(self, credentials=found)

    def tls(self) -> ssl.SSLContext:
        """The TLS settings that this cluster's entry asks for."""
        try:
            tls = ssl.create_default_context(cadata=self.ca or None)
            if self.ca:
                # Python 3.13 is strict by default; the authorities of EKS, of older GKE and many private ones lack key
                # identifiers. Chain, dates and name are checked as ever.
                tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if self.insecure:
                tls.check_hostname = False
                tls.verify_mode = ssl.CERT_NONE
            if self.credentials.certificate:
                _load_client_certificate(tls, self.credentials)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise KubeconfigError(
                f"{self.where}: the certificate authority, client certificate "
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
    """The files to read: the one given, else those of $KUBECONFIG (a list), else ~/.kube/config; absolute."""
    if kubeconfig:
        listed = [kubeconfig]
    elif environ.get("KUBECONFIG"):
        listed = [item for item in environ["KUBECONFIG"].split(os.pathsep) if item]
    else:
        listed = [str(Path(environ.get("HOME") or "~") / ".kube" / "config")]
    try:
        return [Path(item).expanduser().absolute() for item in listed]
    except RuntimeError as error:
        raise KubeconfigError(f"Kubeconfig {os.pathsep.join(listed)}: {one_line(str(error))}") from error


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
    there = merged.clusters.get(str(entry.get("cluster") or ""))
    if not there or not there.get("server"):
        raise KubeconfigError(f"Kubeconfig {source}: the cluster of context {wanted} is not there or has no server.")
    user = merged.users.get(str(entry.get("user") or ""))
    if user is None and entry.get("user"):
        raise KubeconfigError(f"Kubeconfig {source}: the user {entry['user']} of context {wanted} is not there.")
    return _cluster(_Entries(wanted, source, entry, there, user or {}), environ)


@dataclass(frozen=True)
class _Entries:
    """What a kubeconfig says of one context."""

    context: str
    source: str
    entry: Mapping[str, Any]
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]


def _cluster(found: _Entries, environ: Mapping[str, str]) -> Cluster:
    kept = pinned_in(found.entry)
    source = str(kept.get("source") or found.source)
    where = f"Kubeconfig {source}, context {found.context}"
    server, given = str(found.cluster["server"]).rstrip("/"), str(found.cluster.get("proxy-url") or "")
    through = str(kept["through"]) if kept else proxy_url(server, given, environ)
    parsed(through, where)
    authority = blob(found.cluster, "certificate-authority", where)
    login = kept.get("login") or found.user
    # What was kept of a login is good until it ends; what a file holds may be another by now.
    stale = bool(kept) and (0 < float(kept["expires"]) < time.time() + FRESH_SECONDS or changeable_file(login))
    asker = Asker(where, environ, found.cluster)
    credentials = credentials_of(login if stale else found.user, asker)
    if kept and not stale:
        credentials = replace(credentials, expires=float(kept["expires"]))
    return Cluster(
        server=server,
        context=found.context,
        source=source,
        credentials=credentials,
        ca=_certificates(authority),
        insecure=bool(found.cluster.get("insecure-skip-tls-verify", False)),
        tls_server_name=str(found.cluster.get("tls-server-name") or ""),
        proxy=given,
        namespace=str(found.entry.get("namespace") or "default"),
        through=through,
        login=login,
        entry=found.cluster,
    )


def pinned_in(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a kubeconfig that was made for a run says beside what others read in it; empty in any other."""
    for item in entry.get("extensions") or []:
        if isinstance(item, dict) and item.get("name") == EXTENSION and isinstance(item.get("extension"), dict):
            return dict(item["extension"])
    return {}


def _certificates(content: bytes) -> str:
    """The certificates alone: comments may be of any encoding, and Python takes ASCII only."""
    found = _CERTIFICATE.findall(content)
    return "\n".join(block.decode("ascii", "replace") for block in found) or content.decode("utf-8", "replace")


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
                if isinstance(item, dict) and isinstance(item.get(singular) or {}, dict):
                    target.setdefault(str(item.get("name")), _absolute(item.get(singular) or {}, path.parent))
    if not found:
        raise KubeconfigError(
            f"Kubeconfig {source}: no such file. Set app_kubeconfig (or KUBECONFIG) to the kubeconfig of your cluster."
        )
    return merged


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise KubeconfigError(f"Kubeconfig {path} cannot be read by {_me()}: {error.strerror or error}.") from error
    except ValueError as error:
        raise KubeconfigError(f"Kubeconfig {path} cannot be read: {one_line(str(error))}") from error
    try:
        document = next(iter(load_documents(text)), None)
    except yaml.YAMLError as error:
        raise KubeconfigError(f"Kubeconfig {path} is not YAML: {one_line(str(error))}") from error
    if not isinstance(document, dict):
        raise KubeconfigError(f"Kubeconfig {path} is empty or not a kubeconfig.")
    return document


def is_missing(path: Path) -> bool:
    """Whether a file is not there; of one that may not be looked for, nobody knows."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _absolute(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """File names in a kubeconfig are relative to it, not to where we run; so is a plugin that is named with a slash."""
    resolved = dict(entry)
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if resolved.get(key):
            resolved[key] = str(folder / str(resolved[key]))
    plugin = resolved.get("exec")
    if isinstance(plugin, dict) and "/" in str(plugin.get("command") or ""):
        resolved["exec"] = plugin | {"command": str(folder / str(plugin["command"]))}
    return resolved


def load_documents(text: str) -> list[Any]:
    """The documents of a YAML stream, empty ones left out; by the fast parser where there is one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, Loader=loader) if document]


__all__ = ["Cluster", "Credentials", "is_missing", "kubeconfig_paths", "load_cluster", "load_documents"]
