"""Ask a cluster what this account may do, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, KubeError

AUTHORIZATION = "/apis/authorization.k8s.io/v1"
# A manifest applied on the server's side is patched; one that takes out foreign fields is updated.
APPLIED = ("get", "create", "patch", "update")
# What every release touches: the Secret and the revisions, what runs, the lock, and the Pods that it watches.
TOUCHED = {
    ("v1", "Secret"): APPLIED,
    ("apps/v1", "Deployment"): APPLIED,
    ("coordination.k8s.io/v1", "Lease"): APPLIED,
    ("v1", "Pod"): ("list", "watch"),
}


@dataclass(frozen=True)
class Right:
    """One verb on one kind of object; a subresource is named as in `pods/log`."""

    verb: str
    resource: str
    group: str = ""
    kind: str = ""
    namespaced: bool = True

    def __str__(self) -> str:
        """For people: `create ingresses.networking.k8s.io (Ingress)`."""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource}" + (f" ({self.kind})" if self.kind else "")


def rights_for(client: KubeClient, api_version: str, kind: str, verbs: tuple[str, ...] = APPLIED) -> list[Right]:
    """The rights that the verbs on a kind come to."""
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "any", "namespace": "any"}}
    path = client.path_of(document)
    group = api_version.split("/")[0] if "/" in api_version else ""
    return [Right(verb, path.split("/")[-2], group, kind, "/namespaces/any/" in path) for verb in verbs]


def rights_to_release(client: KubeClient, manifests: Iterable[dict[str, Any]]) -> list[Right]:
    """What it takes to bring about these manifests, and what every release touches beside them; each right once."""
    kinds = {(str(one["apiVersion"]), str(one["kind"])): APPLIED for one in manifests if one["kind"] != "Namespace"}
    touched = kinds | TOUCHED
    wanted = [rights_for(client, version, kind, verbs) for (version, kind), verbs in touched.items()]
    return [right for rights in wanted for right in rights]


def lacking(client: KubeClient, namespace: str, wanted: list[Right]) -> list[Right]:
    """Those of the rights that this account does not have in the namespace.

    One question tells all rules; what they do not grant is asked one by one, for the list need not be complete (a
    cluster may decide by a webhook). A cluster that answers neither is taken to allow: it will say so itself.
    """
    rules: list[dict[str, Any]] = []
    try:
        review = {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "spec": {"namespace": namespace},
        }
        answer = client.request("POST", f"{AUTHORIZATION}/selfsubjectrulesreviews", body=review)
        rules = (answer.get("status") or {}).get("resourceRules") or []
    except ApiError as error:
        if error.status == 401:
            raise
    return [
        right
        for right in wanted
        if not any(_grants(rule, right) for rule in rules) and not _allowed(client, namespace, right)
    ]


def _grants(rule: dict[str, Any], right: Right) -> bool:
    def among(names: list[str] | None, name: str) -> bool:
        return bool({"*", name} & set(names or []))

    parts = right.resource.split("/")
    resources = [right.resource] + ([f"*/{parts[1]}"] if len(parts) > 1 else [])
    return (
        not rule.get("resourceNames")
        and among(rule.get("verbs"), right.verb)
        and among(rule.get("apiGroups"), right.group)
        and any(among(rule.get("resources"), resource) for resource in resources)
    )


def _allowed(client: KubeClient, namespace: str, right: Right) -> bool:
    resource, _, subresource = right.resource.partition("/")
    attributes = {"verb": right.verb, "group": right.group, "resource": resource, "subresource": subresource}
    attributes |= {"namespace": namespace} if right.namespaced else {}
    review = {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        answer = client.request("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", body=review)
    except ApiError as error:
        if error.status == 401:
            raise
        return True
    return bool((answer.get("status") or {}).get("allowed"))


def demand(client: KubeClient, namespace: str, wanted: list[Right]) -> None:
    """Raise a KubeError that names every right that is lacking."""
    missing = lacking(client, namespace, wanted)
    if missing:
        raise KubeError(
            f"The account of {client.cluster.source} (context {client.cluster.context}) may not "
            f"{', '.join(str(right) for right in missing)} in namespace {namespace}: request the right. "
            "Nothing was changed."
        )
