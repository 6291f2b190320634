"""The plan tells the truth: what it says is what the apply does, and looking changes nothing."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import APPLY
from planning import Plan, copy_of_repository, done, look
from playbook_runner import REGISTRY, Run, Target, kubectl, playbook
from surroundings import Cluster, repositories, tags

from conftest import NewTarget

CHECKSUM = "spec.template.metadata.annotations.fastapi-mysql-k8s/credentials-checksum"
CANARY = "canary-in-the-mine"
CLAIMED = {"requests": {"cpu": "30m"}}
SERVER = """
import http.server, signal, os
class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 8000), Shop).serve_forever()
"""
DOCKERFILE = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY shop.py /srv/shop.py\nCMD ["python3", "-u", "/srv/shop.py"]\n'
BOX = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: box\n  namespace: {{ app_namespace }}\n  labels:\n"
BOX += "{% filter indent(4, first=true) %}{% include '_labels.yml.j2' %}{% endfilter %}\ndata: {a: b}\n"


@dataclass
class Shop:
    """A target whose API is built in a moment, with templates of its own."""

    target: Target
    repository: Path
    sources: Path
    cluster: Cluster
    outputs: list[str]

    def run(self, *options: str) -> Run:
        """site.yml of the copied repository."""
        inventory = self.target.folder / "shop.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {"shop": self.target.variables}}}), encoding="utf-8")
        run = playbook(str(self.repository / "site.yml"), inventory, "-vvv", *options, folder=self.repository)
        self.outputs.append(run.output)
        return run

    def plan(self) -> Path:
        """Save a plan, and see that looking has changed nothing."""
        path = self.target.folder / "plan.json"
        before, images = look(self.cluster, self.target.namespace), repositories(self.target.images)
        files = self.files()
        self.run("--check", "--diff", "-e", f"plan_save={path}").succeeded()
        assert done(before, look(self.cluster, self.target.namespace)) == {}
        assert repositories(self.target.images) == images
        assert self.files() == files
        return path

    def files(self) -> dict[str, float]:
        """Every file that a run could change, with its time."""
        folders = [self.repository, self.sources, self.target.manifests]
        return {
            str(file): file.lstat().st_mtime
            for folder in folders
            for file in folder.rglob("*")
            if ".ansible" not in file.parts and "__pycache__" not in file.parts
        }

    def holds(self) -> dict[str, Any]:
        """Plan, apply just that, and compare; returns what was done."""
        path = self.plan()
        before = look(self.cluster, self.target.namespace)
        self.run("-e", f"plan={path}").succeeded()
        did = done(before, look(self.cluster, self.target.namespace))
        assert Plan.read(path).said(REGISTRY) == did
        return did

    def template(self, name: str, change: Callable[[str], str]) -> None:
        """Change one of the templates."""
        file = self.repository / "templates" / name
        before = file.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, name
        file.write_text(after, encoding="utf-8")

    def kubectl(self, *arguments: str) -> str:
        return kubectl("--namespace", self.target.namespace, *arguments)


@pytest.fixture(scope="module")
def shop(new_target: NewTarget, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    sources = tmp_path_factory.mktemp("shop")
    (sources / "shop.py").write_text(SERVER, encoding="utf-8")
    (sources / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    target = new_target(
        "plan",
        app_name="shop",
        app_replicas=1,
        app_api_build_context=str(sources),
        app_api_readiness_path="/",
        app_api_liveness_path="/",
        app_api_environment={"A": "1", "B": "2"},
        app_db_enabled=False,
        app_secrets={"TOKEN": CANARY},
        verify_endpoints=[{"path": "/", "contains": "ok"}],
    )
    found = Shop(target, copy_of_repository(tmp_path_factory.mktemp("repository")), sources, cluster, [])
    yield found
    shutil.rmtree(found.repository)


def test_from_nothing(shop: Shop) -> None:
    did = shop.holds()
    assert {effect["action"] for effect in did.values()} == {"create"}
    assert {title.partition(" ")[0] for title in did} >= {"Namespace", "Secret", "Deployment", "Service", "Ingress"}


def test_mutations_of_the_inventory(shop: Shop) -> None:
    """1 to 7: replicas, a variable added, changed and removed, the host, an annotation, a secret."""
    old = shop.target.host
    shop.target.variables |= {
        "app_replicas": 2,
        "app_api_environment": {"A": "changed", "C": "new"},
        "app_ingress_host": f"other.{old}",
        "workload_ingress_annotations": {"example.org/a": "b"},
        "app_secrets": {"TOKEN": f"{CANARY}-2"},
    }
    fields = {title: set(effect["fields"]) for title, effect in shop.holds().items()}
    container = "spec.template.spec.containers[api]"
    env = f"{container}.env"
    probed = {
        f"{container}.{probe}Probe.httpGet.httpHeaders[Host].value" for probe in ("startup", "readiness", "liveness")
    }
    assert fields == {
        "Secret shop": {"data.TOKEN"},
        "Deployment shop": {"spec.replicas", f"{env}[A].value", f"{env}[B]", f"{env}[C]", CHECKSUM, *probed},
        "Ingress shop": {"metadata.annotations", f"spec.rules[{old}]", f"spec.rules[{shop.target.host}]"},
    }


def test_mutations_of_the_templates(shop: Shop) -> None:
    """8 to 11: a label, a container that gets another name, resources, an object more."""
    shop.target.variables |= {"app_replicas": 1, "app_api_resources": {"requests": {"cpu": "20m"}}}
    shop.template(
        "my-service-eval.yml.j2", lambda text: text.replace("  labels:\n", "  labels:\n    colour: blue\n", 1) + BOX
    )
    shop.template("_api_container.yml.j2", lambda text: text.replace("- name: api\n", "- name: web\n", 1))
    did = shop.holds()
    assert did["ConfigMap box"]["action"] == "create"
    assert list(shop.cluster.images(shop.target.namespace, "shop")) == ["web"]


def test_mutations_of_the_sources(shop: Shop) -> None:
    """12 to 14: times alone, one byte, and an object that left the templates."""
    for file in shop.sources.iterdir():
        os.utime(file)
    assert shop.holds() == {}
    image = f"{shop.target.images}api"
    known = {tag for tag in tags(image) if tag.startswith("content-")}
    with (shop.sources / "shop.py").open("a", encoding="utf-8") as source:
        source.write("#")
    shop.template("my-service-eval.yml.j2", lambda text: text.replace(BOX, ""))
    did = shop.holds()
    assert did.pop("ConfigMap box") == {"action": "delete", "fields": {}}
    assert did.keys() == {"Deployment shop"}
    assert list(did["Deployment shop"]["fields"]) == ["spec.template.spec.containers[web].image"]
    assert len({tag for tag in tags(image) if tag.startswith("content-")} - known) == 1
    assert tags(image)["1.0.0"] not in [tags(image)[tag] for tag in known]


def test_mutations_of_the_cluster(shop: Shop) -> None:
    """15 to 20: by hand replicas, a variable, a port, a label, a Secret's key; an Ingress that is gone."""
    shop.kubectl("scale", "deployment/shop", "--replicas=3")
    shop.kubectl("set", "env", "deployment/shop", "BY_HAND=1")
    shop.kubectl("patch", "service/shop", "--type=json", '-p=[{"op":"replace","path":"/spec/ports/0/port","value":81}]')
    shop.kubectl("label", "service/shop", "colour-")
    shop.kubectl("patch", "secret/shop", "-p", '{"data":{"EXTRA":"eA=="}}')
    shop.kubectl("delete", "ingress/shop")
    did = shop.holds()
    assert did["Ingress shop"]["action"] == "create"
    assert {"spec.replicas", "spec.template.spec.containers[web].env[BY_HAND]"} <= did["Deployment shop"][
        "fields"
    ].keys()
    assert "metadata.labels.colour" in did["Service shop"]["fields"]
    assert did["Secret shop"]["fields"] == {"data.EXTRA": ["(hidden)", None]}


def test_what_belongs_to_others_is_left(shop: Shop) -> None:
    """What an autoscaler looks after, what another manager applies, and a neighbour's objects with similar labels."""
    labels = {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "fastapi-mysql-k8s"}
    theirs: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "theirs", "labels": labels | {"fastapi-mysql-k8s/target": "another"}},
    }
    shop.cluster.create(f"/api/v1/namespaces/{shop.target.namespace}/configmaps", theirs)
    claim(shop, {"containers": [{"name": "web", "env": [{"name": "A", "value": "theirs"}], "resources": CLAIMED}]})
    shop.kubectl("autoscale", "deployment/shop", "--min=2", "--max=2")
    shop.kubectl("scale", "deployment/shop", "--replicas=2")
    assert shop.holds() == {}
    deployment = shop.cluster.deployment(shop.target.namespace, "shop")
    assert deployment and deployment["spec"]["replicas"] == 2
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == CLAIMED and {"name": "A", "value": "theirs"} in container["env"]
    assert "containers[web].env[A].value stays theirs: it belongs to somebody" in shop.outputs[-2]
    shop.kubectl("delete", "hpa/shop")
    # What nobody else holds any more is ours again.
    claim(shop, {})
    fields = shop.holds()["Deployment shop"]["fields"]
    assert {"spec.template.spec.containers[web].env[A].value", "spec.replicas"} <= fields.keys()


def claim(shop: Shop, pod: dict[str, Any]) -> None:
    """Apply a part of the Pods' specification, or none any more, as another tool does."""
    spec = {"template": {"spec": pod}} if pod else {}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": spec}
    path = f"/apis/apps/v1/namespaces/{shop.target.namespace}/deployments/shop"
    shop.cluster.client.request("PATCH", path, {"fieldManager": "somebody", "force": "true"}, body, APPLY)


def test_a_plan_that_no_longer_holds_is_refused(shop: Shop) -> None:
    path = shop.plan()
    shop.kubectl("label", "service/shop", "since=then")
    before = look(shop.cluster, shop.target.namespace)
    refused = shop.run("-e", f"plan={path}")
    assert refused.rc != 0
    assert "no longer holds: Service shop has changed in the cluster" in refused.output
    shop.kubectl("label", "service/shop", "since-")
    images = tags(f"{shop.target.images}api")
    with (shop.sources / "shop.py").open("a", encoding="utf-8") as source:
        source.write("#")
    refused = shop.run("-e", f"plan={path}")
    assert f"no longer holds: the sources of image {shop.target.images}api have changed" in refused.output
    assert tags(f"{shop.target.images}api") == images
    assert done(before, look(shop.cluster, shop.target.namespace)).keys() <= {"Service shop"}


def test_more_deletions_than_allowed_want_to_be_asked_for(shop: Shop) -> None:
    labels = {"fastapi-mysql-k8s/target": "shop"}
    for number in range(2):
        box = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"box-{number}", "labels": labels}}
        shop.cluster.create(f"/api/v1/namespaces/{shop.target.namespace}/configmaps", box)
    planned = shop.run("--check", "-e", "workload_prune_limit=1").succeeded()
    assert "an apply is refused: 2 objects are in no manifest any more" in planned.output
    refused = shop.run("-e", "workload_prune_limit=1")
    assert "2 objects are in no manifest any more (ConfigMap box-0, ConfigMap box-1)" in refused.output
    assert "ConfigMap box-0" in look(shop.cluster, shop.target.namespace)
    shop.run("-e", "workload_prune_limit=2").succeeded()
    assert not [title for title in look(shop.cluster, shop.target.namespace) if title.startswith("ConfigMap box-")]


def test_no_secret_was_ever_printed(shop: Shop) -> None:
    hidden = [CANARY, *(base64.b64encode(text.encode()).decode() for text in (CANARY, f"{CANARY}-2"))]
    assert len(shop.outputs) > 10
    assert [text for output in shop.outputs for text in hidden if text in output] == []


def test_the_teardown_spares_the_neighbours(shop: Shop) -> None:
    space = shop.target.namespace
    before = shop.cluster.namespaces()[space]
    labels = {f"app.kubernetes.io/{key}": "shop" for key in ("name", "instance", "part-of")}
    labels |= {"app.kubernetes.io/managed-by": "fastapi-mysql-k8s"}
    # By its name, or by labels that look like ours, a teardown would take these along.
    shop.kubectl("delete", "service/shop")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop", "labels": labels}}
    shop.cluster.create(f"/api/v1/namespaces/{space}/services", service | {"spec": {"ports": [{"port": 80}]}})
    for name in ("theirs", "shop-revision-99"):
        kept = {"name": name, "labels": labels | {"app.kubernetes.io/component": "revision"}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": kept}
        shop.cluster.create(f"/api/v1/namespaces/{space}/secrets", secret)
    # What bears the mark goes, whatever it is and whoever has made it.
    marked = {"name": "old", "labels": {"fastapi-mysql-k8s/target": "shop"}}
    box = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": marked}
    shop.cluster.create(f"/api/v1/namespaces/{space}/configmaps", box)
    playbook(
        str(shop.repository / "playbooks/teardown.yml"), shop.target.folder / "shop.yml", folder=shop.repository
    ).succeeded()
    assert shop.cluster.namespaces()[space] == before
    assert look(shop.cluster, space).keys() == {f"Namespace {space}", "ConfigMap theirs", "Service shop"}
    left = shop.kubectl("get", "secrets,leases", "--selector=app.kubernetes.io/instance=shop", "--output=name").split()
    assert left == ["secret/shop-revision-99", "secret/theirs"]
