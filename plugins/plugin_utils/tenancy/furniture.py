"""What a cluster puts into every namespace by itself.

Most of it is known by a principle: it runs nothing, and its twin, equal to the letter, is in the namespace `default`
as well. Were it somebody's after all, nothing would be lost with it.
"""

from __future__ import annotations

import json
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, UnauthorizedError
from ..kube.kinds import root
from ..objects.inventory import Entry

Object = dict[str, Any]

# By API group and kind, names that no two clusters use otherwise; the group that must be served for it to be so.
_KNOWN = {
    ("", "ServiceAccount", "default"): "",
    ("", "ConfigMap", "kube-root-ca.crt"): "",
    ("", "ConfigMap", "openshift-service-ca.crt"): "",
    ("", "ConfigMap", "istio-ca-root-cert"): "",
    ("", "ServiceAccount", "builder"): "build.openshift.io",
    ("", "ServiceAccount", "deployer"): "apps.openshift.io",
    ("rbac.authorization.k8s.io", "RoleBinding", "system:image-pullers"): "image.openshift.io",
    ("rbac.authorization.k8s.io", "RoleBinding", "system:image-builders"): "build.openshift.io",
    ("rbac.authorization.k8s.io", "RoleBinding", "system:deployers"): "apps.openshift.io",
}
# Kinds that run nothing and hold no secret: a twin elsewhere tells that they are everywhere.
_PASSIVE = {
    ("", "ConfigMap"),
    ("", "ServiceAccount"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
}
# Secrets that a cluster makes for a service account, which counts itself; each names it in an annotation.
_TOKENS = ("kubernetes.io/service-account-token", "kubernetes.io/dockercfg")
_ACCOUNTS = ("kubernetes.io/service-account.name", "openshift.io/internal-registry-auth-token.service-account")
ELSEWHERE = "default"


class Furniture:
    """Tells the cluster's own objects in one namespace; looks into another one only when it has to."""

    def __init__(self, client: KubeClient, namespace: str, served: set[str]) -> None:
        """`served` are the API groups of the cluster."""
        self.client = client
        self.namespace = namespace
        self.served = served

    def has(self, entry: Entry) -> bool:
        """Whether the cluster has put it there."""
        kind = (entry.group, entry.kind)
        needed = _KNOWN.get((*kind, entry.name))
        if needed == "" or needed in self.served:
            return True
        return _is_token(entry) or (kind in _PASSIVE and self._has_twin(entry))

    def _has_twin(self, entry: Entry) -> bool:
        if self.namespace == ELSEWHERE:
            return False
        version = f"{entry.group}/v1" if entry.group else "v1"
        try:
            twin = self.client.find(f"{root(version)}/namespaces/{ELSEWHERE}/{entry.plural}/{entry.name}")
        except UnauthorizedError:
            raise
        except ApiError:
            return False
        return twin is not None and _said(twin, ELSEWHERE) == _said(entry.document or {}, self.namespace)


def _is_token(entry: Entry) -> bool:
    made = str((entry.document or {}).get("type"))
    if (entry.group, entry.kind) != ("", "Secret") or made not in _TOKENS:
        return False
    annotations = entry.metadata.get("annotations") or {}
    return made == _TOKENS[0] or any(annotations.get(key) for key in _ACCOUNTS)


def _said(document: Object, namespace: str) -> str:
    """What an object says beside its place and what the cluster notes about it, the namespace's own name left out."""
    content = {key: value for key, value in document.items() if key not in ("apiVersion", "kind", "metadata")}
    # Names that were made for an account differ everywhere; which annotations there are does not.
    content["annotations"] = sorted(document["metadata"].get("annotations") or {})
    for key in ("secrets", "imagePullSecrets"):
        content.pop(key, None)
    return json.dumps(_placeless(content, namespace), sort_keys=True)


def _placeless(value: Any, namespace: str) -> Any:
    if isinstance(value, dict):
        return {key: _placeless(inner, namespace) for key, inner in value.items()}
    if isinstance(value, list):
        return [_placeless(inner, namespace) for inner in value]
    if isinstance(value, str) and value == namespace:
        return ""
    if isinstance(value, str) and value.endswith(f":{namespace}"):
        return value.removesuffix(namespace)
    return value
