"""Compare what an account may do with the Role that it was given: not one right more, and none less.

Usage: check_rights.py KUBECONFIG CONTEXT NAMESPACE < what roles/deployer/templates/deployer.yml.j2 comes to
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.access import lacking, rights_for

# What every account may: ask what it may.
EVERYBODY = {
    ("authorization.k8s.io", "selfsubjectaccessreviews", "", "create"),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "", "create"),
}
# What every account may on some releases: have its Pods held to the strictest standard (1.20, on the platform), ask who
# it is, and read which authorities the cluster trusts (1.37).
ANYBODY = {
    ("policy", "podsecuritypolicies", "restricted", "use"),
    ("authentication.k8s.io", "selfsubjectreviews", "", "create"),
    *(("certificates.k8s.io", "clustertrustbundles", "", verb) for verb in ("get", "list", "watch")),
}
RBAC = "rbac.authorization.k8s.io/v1"
# Beyond its namespace, and beyond its job: what it may do with these is too much, whoever grants it.
ELSEWHERE = (("v1", "Secret"), ("apps/v1", "Deployment"), ("v1", "Pod"))
ABOVE = (
    *(("v1", kind) for kind in ("Namespace", "Pod", "ServiceAccount")),
    *((RBAC, kind) for kind in ("Role", "RoleBinding", "ClusterRoleBinding")),
)


def beyond(client: KubeClient, namespace: str) -> Iterator[str]:
    """What the account may and should not, one by one."""
    for space, verbs, kinds in (
        ("default", ("get", "list", "create", "delete"), ELSEWHERE),
        (namespace, ("create", "update", "delete"), ABOVE),
    ):
        asked = [right for version, kind in kinds for right in rights_for(client, version, kind, verbs)]
        refused = lacking(client, space, asked)
        yield from (f"too strong: {right} in namespace {space}" for right in asked if right not in refused)


def rights(rules: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """Group, resource, name (empty for any) and verb, one by one."""
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for name in rule.get("resourceNames") or [""]:
                    yield from ((group, resource, name, verb) for verb in rule["verbs"])


def main(kubeconfig: str, context: str, namespace: str) -> str:
    """What differs, as text."""
    [role] = [one for one in yaml.safe_load_all(sys.stdin) if one["kind"] == "Role"]
    wanted = set(rights(role["rules"])) | EVERYBODY
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    with KubeClient.from_kubeconfig(kubeconfig, context) as client:
        path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        status = client.request("POST", path, body=kind | {"spec": {"namespace": namespace}})["status"]
        strong = list(beyond(client, namespace))
    found = set(rights(status["resourceRules"]))
    more, less = sorted(found - wanted - ANYBODY), sorted(wanted - found)
    told = [*(f"more than the Role: {one}" for one in more), *(f"less than the Role: {one}" for one in less)]
    return "\n".join([*strong, *told])


if __name__ == "__main__":
    # Nothing to say is success, and an empty text would not be.
    sys.exit(main(*sys.argv[1:]) or 0)
