"""An application in a repository of its own, deployed by the installed collection: no checkout is there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playbook_runner import INGRESS, REGISTRY
from surroundings import Cluster, get

from conftest import NewTarget
from installed_collection import Installed, install

SERVER = """
import http.server
import os
import signal

WORD = "first"


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"/healthz": "fine", "/word": WORD}.get(self.path, "")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 3456), Shop).serve_forever()
"""
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY . /srv
EXPOSE 3456
CMD ["python3", "/srv/shop.py"]
"""
# What this machine's platform wants; where runs write is left to the collection.
OF_PLATFORM = (
    *("app_kubeconfig", "app_context", "app_namespace", "app_docker_host", "app_docker_cli", "app_docker_config"),
    *("app_build_network", "app_base_image", "app_api_image_name", "app_api_resources"),
    *("verify_settle_seconds", "workload_drain_seconds"),
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The collection; nothing is in it afterwards that was not there before."""
    found = install(tmp_path_factory.mktemp("collection"))
    before = files(found.home)
    yield found
    assert files(found.home) == before


def files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if "__pycache__" not in path.parts)


def changed(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"changed=(\d+)", done.stdout)
    return int(found[1]) if found else -1


def test_from_an_empty_folder_to_a_deployment_and_back(
    new_target: NewTarget, installed: Installed, cluster: Cluster, tmp_path: Path
) -> None:
    target = new_target("own")
    (tmp_path / "shop.py").write_text(SERVER)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    given = {"name": "shop", "readiness_path": "/healthz", "registry": REGISTRY}
    given |= {"ingress_host": target.host, "base_url": INGRESS}
    options = [part for name, value in given.items() for part in ("-e", f"new_{name}={value}")]
    said = installed.playbook(tmp_path, "new", "-i", "localhost,", *options)
    assert said.returncode == 0 and "still wrong" not in said.stdout, said.stdout + said.stderr
    own = {name: target.variables[name] for name in OF_PLATFORM} | {"app_replicas": 1}
    (tmp_path / "inventory/prod/host_vars").mkdir()
    (tmp_path / "inventory/prod/host_vars/shop-prod.yml").write_text(json.dumps(own))

    def run(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        return installed.playbook(tmp_path, name, "-i", "inventory/prod", *more)

    assert changed(run("site")) > 0
    assert get("/word", target.host) == (200, "first")
    assert (tmp_path / "manifests/shop-prod/my-deployment-eval.yml").is_file()
    assert (tmp_path / "evidence/shop-prod/latest/index.html").is_file()
    # What the run has written is no part of the image: nothing is built again.
    assert changed(run("site")) == 0
    assert changed(run("verify")) == 0
    shown = run("status")
    assert shown.returncode == 0 and "1 of 1 Pods ready" in shown.stdout, shown.stdout + shown.stderr

    (tmp_path / "shop.py").write_text(SERVER.replace("first", "second"))
    assert changed(run("site")) > 0
    assert get("/word", target.host) == (200, "second")
    assert changed(run("rollback")) > 0
    assert get("/word", target.host) == (200, "first")
    assert changed(run("deployer")) > 0
    kubeconfig = yaml.safe_load((tmp_path / "kubeconfigs/shop-prod").read_text())
    assert kubeconfig["users"]
    assert changed(run("deployer", "-e", "deployer_state=absent")) > 0
    assert changed(run("teardown")) > 0
    assert target.namespace not in cluster.namespaces()
