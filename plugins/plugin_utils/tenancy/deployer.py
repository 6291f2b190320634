"""A kubeconfig for a service account, whose token has a limited life and is asked for again in time."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...module_utils.whole_file import write_whole
from ..kube.client import KubeClient
from ..kube.config import Cluster, load_documents
from ..kube.errors import KubeError

Object = dict[str, Any]
MODE = 0o600


@dataclass(frozen=True)
class Account:
    """A service account as the cluster has it: made again, it has another uid, and old tokens are worth nothing."""

    namespace: str
    name: str
    uid: str

    @property
    def path(self) -> str:
        """Where it lives."""
        return f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.name}"


def find(client: KubeClient, namespace: str, name: str) -> Account:
    """The account. Raises KubeError when it is not there."""
    found = client.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
    return Account(namespace, name, str(found["metadata"]["uid"]))


def new_token(client: KubeClient, account: Account, seconds: int) -> str:
    """A token of the account that lasts as long, or as long as the cluster allows."""
    asked: Object = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": seconds},
    }
    token = (client.request("POST", f"{account.path}/token", body=asked).get("status") or {}).get("token")
    if not token:
        raise KubeError(f"The cluster gives the service account {account.name} no token.")
    return str(token)


def claims(token: str) -> Object:
    """What a token says of itself; nothing of one that cannot be read. Whether it is genuine only the cluster knows."""
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_good(token: str, account: Account, now: float) -> bool:
    """Whether the token is of this account and has a third of its life before it."""
    said = claims(token)
    about = ((said.get("kubernetes.io") or {}).get("serviceaccount") or {}) if said else {}
    try:
        end, begin = float(said["exp"]), float(said["iat"])
    except (KeyError, TypeError, ValueError):
        return False
    return about.get("uid") == account.uid and end - now > (end - begin) / 3


def kubeconfig(cluster: Cluster, account: Account, token: str) -> Object:
    """A kubeconfig of one cluster, one account and one namespace."""
    there: Object = {"server": cluster.server}
    if cluster.ca:
        there["certificate-authority-data"] = base64.b64encode(cluster.ca.encode()).decode()
    if cluster.insecure:
        there["insecure-skip-tls-verify"] = True
    if cluster.tls_server_name:
        there["tls-server-name"] = cluster.tls_server_name
    if cluster.proxy:
        there["proxy-url"] = cluster.proxy
    context = {"cluster": cluster.context, "user": account.name, "namespace": account.namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster.context, "cluster": there}],
        "users": [{"name": account.name, "user": {"token": token}}],
        # Named as the context that it was made with, so that an inventory needs another file and nothing else.
        "contexts": [{"name": cluster.context, "context": context}],
        "current-context": cluster.context,
    }


def token_in(path: Path) -> str:
    """The token of a kubeconfig that was written here; empty when there is none."""
    try:
        found = load_documents(path.read_text(encoding="utf-8"))[0]
        return str(found["users"][0]["user"]["token"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError):
        return ""


def write(path: Path, content: Object) -> None:
    """Replace the file in one step, for its owner only, as JSON, which is YAML. Raises KubeError if it cannot."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(content, indent=1) + "\n", MODE)
    except OSError as error:
        raise KubeError(f"The kubeconfig cannot be written to {path}: {error.strerror} (deployer_dest).") from error


def bring_about(client: KubeClient, account: Account, path: Path, seconds: int, dry: bool) -> bool:
    """A kubeconfig at the path whose token is good for a while; whether it had to be written."""
    token = token_in(path)
    good = is_good(token, account, time.time() + client.clock())
    content = kubeconfig(client.cluster, account, token)
    if good and path.stat().st_mode & 0o777 == MODE and load_documents(path.read_text(encoding="utf-8")) == [content]:
        return False
    if not dry:
        write(path, content if good else kubeconfig(client.cluster, account, new_token(client, account, seconds)))
    return True
