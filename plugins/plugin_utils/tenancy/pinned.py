"""The cluster of a run in a kubeconfig of its own: one server, one user, nothing left to be decided by who reads it.

Whatever reads it comes to the same cluster, also when the user's own kubeconfig or current context changes meanwhile.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...module_utils.whole_file import write_whole
from ..kube.config import EXTENSION, Cluster, kubeconfig_paths, load_cluster
from ..kube.errors import KubeconfigError

PREFIX = "fastapi-mysql-k8s-cluster"
# How Ansible names the private folder of a run: its process, and eight characters at random.
_FOLDER = re.compile(r"ansible-local-(\d+)\w{8}")
_BLOCK = re.compile(rb"-----BEGIN [^-]+-----.+?-----END [^-]+-----", re.DOTALL)


def pinned(folder: Path, kubeconfig: str, context: str, environ: Mapping[str, str] | None = None) -> Path:
    """The file that stands for `kubeconfig` and `context` in this run; made at the first use, its login kept fresh."""
    environ = os.environ if environ is None else environ
    named = json.dumps([[str(path) for path in kubeconfig_paths(kubeconfig, environ)], context])
    path = folder / f"{PREFIX}-{socket.gethostname()}-{hashlib.sha256(named.encode()).hexdigest()[:16]}"
    try:
        known = path.exists()
        cluster = load_cluster(str(path), "", environ) if known else load_cluster(kubeconfig, context, environ)
        keep(path, cluster)
    except OSError as error:
        raise KubeconfigError(f"The kubeconfig of this run cannot be kept in {folder}: {error.strerror}.") from error
    if not known:
        sweep(folder)
    return path


def keep(path: Path, cluster: Cluster) -> None:
    """Write it where it differs."""
    content = json.dumps(document(cluster), default=str)
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        write_whole(path, content)


def document(cluster: Cluster) -> dict[str, Any]:
    """The kubeconfig: content instead of file names, and a login that needs no plugin."""
    kept = {
        "source": cluster.source,
        "through": cluster.through,
        "login": cluster.login,
        "expires": cluster.credentials.expires,
    }
    context = {
        "cluster": "cluster",
        "user": "user",
        "namespace": cluster.namespace,
        "extensions": [{"name": EXTENSION, "extension": kept}],
    }
    there = {key: value for key, value in cluster.entry.items() if not key.startswith("certificate-authority")}
    there["server"] = cluster.server
    if cluster.ca:
        there["certificate-authority-data"] = _encoded(cluster.ca.encode())
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": there}],
        "users": [{"name": "user", "user": _user(cluster)}],
        "contexts": [{"name": cluster.context, "context": context}],
        "current-context": cluster.context,
    }


def _user(cluster: Cluster) -> dict[str, Any]:
    credentials = cluster.credentials
    user: dict[str, Any] = {key: cluster.login[key] for key in ("as", "as-groups") if cluster.login.get(key)}
    kind, _, value = credentials.headers.get("Authorization", "").partition(" ")
    if kind == "Bearer":
        user["token"] = value
    elif kind == "Basic":
        user["username"], _, user["password"] = base64.b64decode(value).decode().partition(":")
    if credentials.certificate:
        user["client-certificate-data"] = _encoded(credentials.certificate)
        user["client-key-data"] = _encoded(credentials.key)
    return user


def _encoded(content: bytes) -> str:
    """Its PEM blocks alone: not every reader bears comments."""
    return base64.b64encode(b"\n".join(_BLOCK.findall(content)) or content).decode("ascii")


def sweep(folder: Path) -> None:
    """Remove what killed runs of this machine have left; Ansible itself removes its folder when it can.

    Folders that hold nothing of ours may be there by the thousand: they cost one look each.
    """
    own = f"{PREFIX}-{socket.gethostname()}-"
    for run in folder.parent.iterdir():
        found = _FOLDER.fullmatch(run.name)
        # Whoever else ends or sweeps at this moment may have removed any of it.
        with contextlib.suppress(OSError):
            files = [path for path in run.iterdir() if path.name.startswith(own)] if found and run != folder else []
            if found and files and not _runs(int(found[1])):
                for path in files:
                    path.unlink()
                run.rmdir()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
