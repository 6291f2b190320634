"""What a plan said, and what an apply then did: two lists that must be the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.changes import changes, essence
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.own_fields import NAMED
from playbook_runner import ROOT
from surroundings import Cluster, Object, tags

# Whatever a target may have.
KINDS = {
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PodDisruptionBudget": "/apis/{policy}/namespaces/{}/poddisruptionbudgets",
}
# What is written into an object after the apply: which revision it is, by the cluster's count and by ours.
AFTERWARDS = ("metadata.annotations.deployment.kubernetes.io/revision", f"metadata.annotations.{NAMED}")

Effect = dict[str, Any]


def copy_of_repository(folder: Path) -> Path:
    """What git knows of this checkout, to be changed at will."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return folder


def look(cluster: Cluster, namespace: str) -> dict[str, Object]:
    """Every object in the namespace that is not the cluster's own."""
    found: dict[str, Object] = {}
    if space := cluster.client.find(f"/api/v1/namespaces/{namespace}"):
        found[f"Namespace {namespace}"] = {**space, "kind": "Namespace"}
    policy = cluster.oldest("policy")
    for kind, path in KINDS.items():
        for item in cluster.client.get(path.format(namespace, policy=policy)).get("items") or []:
            labels = item["metadata"].get("labels") or {}
            own = item.get("type") == "kubernetes.io/service-account-token" or item["metadata"]["name"] in (
                "kube-root-ca.crt",
            )
            if not own and labels.get("app.kubernetes.io/component") not in ("revision", "lock"):
                found[f"{kind} {item['metadata']['name']}"] = {**item, "kind": kind}
    return found


def done(before: dict[str, Object], after: dict[str, Object]) -> dict[str, Effect]:
    """What became of each object that is not as it was."""
    effects: dict[str, Effect] = {}
    for title in before.keys() | after.keys():
        old, new = before.get(title), after.get(title)
        if old is None or new is None:
            effects[title] = {"action": "create" if old is None else "delete", "fields": {}}
            continue
        assert old["metadata"]["uid"] == new["metadata"]["uid"], f"{title} was deleted and made again"
        fields = {
            one.path: [one.before, one.after]
            for one in changes(_bare(old), _bare(new))
            if one.path not in (*AFTERWARDS, "apiVersion")
        }
        if fields and title.partition(" ")[0] != "Namespace":
            effects[title] = {"action": "change", "fields": fields}
    return effects


def _bare(item: Object) -> Object:
    return essence(item)


@dataclass(frozen=True)
class Plan:
    """A saved plan."""

    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Plan:
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def said(self, registry: str) -> dict[str, Effect]:
        """What it says of each object that is not left, an image that was to be built by the digest that it has got."""
        digests: dict[str, str] = {}
        for name, image in self.content["images"].items():
            if found := tags(name).get(image["tag"]):
                digests[f"{registry}/{name}:{image['tag']}"] = f"{registry}/{name}@{found}"
        effects = {}
        for item in self.content["objects"]:
            if item["action"] != "left":
                action = "change" if item["action"] == "replace" else item["action"]
                fields = {
                    one["path"]: [one["before"], digests.get(str(one["after"]), one["after"])]
                    for one in item["fields"]
                    if one["path"] not in (*AFTERWARDS, "apiVersion")
                }
                effects[f"{item['kind']} {item['name']}"] = {"action": action, "fields": fields}
        return effects
