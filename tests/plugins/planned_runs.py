"""A target on stand-ins for a cluster and a registry, and a playbook that plans it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from fake_api_server import Reply, serving, write_kubeconfig
from fake_cluster import FakeCluster
from fake_registry import FakeRegistry, serve

ROOT = Path(__file__).resolve().parents[2]
MANAGER = "fastapi-mysql-k8s"
PLURALS = {
    "Secret": "secrets",
    "Deployment": "deployments",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "Service": "services",
    "Ingress": "ingresses",
}
# The play of site.yml, without what acts.
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: app, rolespec_validate: false}
    - ansible.builtin.import_role: {name: evidence, rolespec_validate: false}
      tags: [never]
    - name: Begin what acts
      fastapi_mysql.k8s.release_begin:
        plan: "{{ app_plan }}"
        hold_to: "{{ begin.hold_to | default(omit) }}"
        revision: "{{ begin.revision | default(omit) }}"
      # As in a role, below which the templates are.
      vars: {role_path: "{{ playbook_dir }}/roles/release"}
      register: begun
      when: begin is defined
    - name: What is left to do
      diff: false
      ansible.builtin.copy:
        content: "{{ (begun if begin is defined else app_plan) | to_json }}"
        dest: "{{ left }}"
        mode: "0600"
"""


class Cluster(FakeCluster):
    """A cluster that takes whatever it is given, and an Ingress in front of what it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.serve("policy/v1", ("poddisruptionbudgets", "PodDisruptionBudget"))

    def route(self, method: str, target: str, body: Any) -> Reply:
        if target == "/version":
            return 200, {"gitVersion": "v1.37.2"}
        if target.startswith("/status"):
            return 200, "1"
        if method == "PATCH":
            live = self.kept.get(target.partition("?")[0], {"metadata": {}})
            return 200, live | body | {"metadata": live["metadata"] | body["metadata"]}
        return super().route(method, target, body)

    def deploy(self, manifests: list[str]) -> None:
        """All of it, applied and up."""
        for document in (one for text in manifests for one in yaml.safe_load_all(text) if one):
            if plural := PLURALS.get(document["kind"]):
                root = "apis" if "/" in document["apiVersion"] else "api"
                document["metadata"]["managedFields"] = [{"manager": MANAGER, "operation": "Apply", "fieldsV1": {}}]
                self.add(f"/{root}/{document['apiVersion']}/namespaces/n/{plural}", document)
        deployment = self.kept["/apis/apps/v1/namespaces/n/deployments/me"]
        deployment["metadata"]["generation"] = 1
        counted = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
        deployment["status"] = {"observedGeneration": 1, **counted}


class Run:
    """A target on the stand-ins, and the playbook that plans it."""

    def __init__(self, folder: Path, cluster: str, registry: FakeRegistry) -> None:
        self.folder, self.registry = folder, registry
        self.variables: dict[str, Any] = {
            "app_name": "me",
            "app_namespace": "n",
            "app_replicas": 1,
            "app_kubeconfig": write_kubeconfig(folder, cluster),
            "app_registry": registry.host,
            "app_api_image": f"{registry.host}/api@sha256:{'a' * 64}",
            "app_db_image": f"{registry.host}/db@sha256:{'b' * 64}",
            "app_base_url": cluster,
            "app_ingress_class": "",
            "app_manifests_dir": str(folder / "manifests"),
            "workload_network_policy": False,
            "verify_endpoints": [{"path": "/status", "json": 1}],
            "verify_replicas": False,
            "evidence_dir": str(folder / "evidence"),
        }

    def __call__(self, *options: str, fails: bool = False, **more: Any) -> tuple[str, dict[str, Any] | None]:
        """What it prints, and the plan; None where it ended with it."""
        left = self.folder / "left.json"
        left.unlink(missing_ok=True)
        hosts = {"all": {"hosts": {"t": self.variables | {"left": str(left)} | more}}}
        (self.folder / "hosts.yml").write_text(json.dumps(hosts))
        play = self.folder / "playbooks"
        if not play.is_dir():
            play.mkdir()
            (play / "play.yml").write_text(PLAY)
            for name in ("group_vars", "roles"):
                (play / name).symlink_to(ROOT / "playbooks" / name)
        call = ["ansible-playbook", "-i", str(self.folder / "hosts.yml"), str(play / "play.yml"), *options]
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "HOME": str(self.folder)}
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False, timeout=60)
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, output
        return output, json.loads(left.read_text()) if left.is_file() else None


@contextmanager
def run_on(cluster: Cluster, folder: Path) -> Iterator[Run]:
    """Run a playbook against the cluster, and a registry of its own."""
    registry = FakeRegistry()
    with serve(registry), serving(cluster.route) as server:
        yield Run(folder, server, registry)
