"""Compare what an account may do in a namespace with the Role that it was given: not one right more, and none less.

Usage: check_rights.py KUBECONFIG CONTEXT NAMESPACE < what roles/deployer/templates/deployer.yml.j2 comes to
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient

# What every account may: ask what it may, and, on the platform, have its Pods held to the strictest standard.
EVERYBODY = {
    ("authorization.k8s.io", "selfsubjectaccessreviews", "", "create"),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "", "create"),
    ("policy", "podsecuritypolicies", "restricted", "use"),
}


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
    found = set(rights(status["resourceRules"]))
    more, less = sorted(found - wanted), sorted(wanted - found)
    return "\n".join([*(f"more than the Role: {one}" for one in more), *(f"less than the Role: {one}" for one in less)])


if __name__ == "__main__":
    # Nothing to say is success, and an empty text would not be.
    sys.exit(main(*sys.argv[1:]) or 0)
