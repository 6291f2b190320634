"""An account of the target's namespace that lacks the right to one kind of object."""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAME = "faults-account"
KINDS = {
    "": ["secrets", "services", "pods", "pods/log", "pods/proxy", "endpoints", "events", "configmaps"],
    "apps": ["deployments", "replicasets"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "coordination.k8s.io": ["leases"],
    "policy": ["poddisruptionbudgets"],
}


@contextmanager
def kubeconfig_without(lacked: str, kubectl: Callable[..., str]) -> Iterator[Path]:
    """The kubeconfig of an account that may do all but write `lacked`; afterwards neither of them is left."""
    rules = [
        {"apiGroups": [group], "resources": [name for name in names if name != lacked], "verbs": ["*"]}
        for group, names in KINDS.items()
        if names != [lacked]
    ]
    # What lacks the right to write may still be read: that is how most are set up.
    rules += [{"apiGroups": ["*"], "resources": [lacked], "verbs": ["get", "list", "watch"]}]
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": "faults"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
    documents: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": NAME, "annotations": {"kubernetes.io/service-account.name": NAME}},
            "type": "kubernetes.io/service-account-token",
        },
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": NAME}, "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": NAME},
            "subjects": [subject],
            "roleRef": role,
        },
    ]
    try:
        for document in documents:
            kubectl("apply", "-f", "-", document=document)
        config = json.loads(kubectl("config", "view", "--raw", "--minify", "--output=json"))
        config["users"] = [{"name": NAME, "user": {"token": _token(kubectl)}}]
        config["contexts"][0]["context"]["user"] = NAME
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            path = Path(folder, "kubeconfig")
            path.touch(mode=0o600)
            path.write_text(json.dumps(config), encoding="utf-8")
            yield path
    finally:
        for document in reversed(documents):
            # The account's token, which the cluster keeps in this Secret, goes with it.
            kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", document=document)


def _token(kubectl: Callable[..., str]) -> str:
    """The account's token, which the cluster adds to its Secret in a moment."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        secret = json.loads(kubectl("get", "secret", NAME, "--output=json"))
        if token := (secret.get("data") or {}).get("token"):
            return base64.b64decode(token).decode()
        time.sleep(0.2)
    raise TimeoutError("The cluster gives the account no token.")
