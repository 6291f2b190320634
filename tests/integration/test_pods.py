"""What an application's Pods are given: files, volumes, resources, what they are, and as many as their load wants."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import Target, kubectl
from surroundings import Cluster, get

from conftest import NewTarget

SERVER = """
import http.server
import json
import os
import pathlib
import signal

FILES = ("/etc/shop/a.toml", "/etc/shop/b.json", "/srv/own.txt", "/srv/theirs/goods.txt")
PLACES = ("/var/cache/shop", "/tmp", "/srv/theirs", "/etc/shop")


def content(path):
    return pathlib.Path(path).read_bytes().decode() if pathlib.Path(path).exists() else None


def is_writable(path):
    try:
        pathlib.Path(path, "probe").write_text("x")
    except OSError:
        return False
    return True


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(
            {
                "files": {path: content(path) for path in FILES},
                "writable": [path for path in PLACES if is_writable(path)],
                "pod": {name: value for name, value in os.environ.items() if name.startswith("MY_")},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["API_PORT"])), Shop).serve_forever()
"""
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY shop.py own.txt /srv/
RUN mkdir /etc/shop && echo '{"of": "the image"}' > /etc/shop/b.json
CMD ["python3", "-u", "/srv/shop.py"]
"""
SETTINGS = 'greeting = "$(HOME) é 🔑"\r\n\r\n# {}\r\n'
RESOURCES = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "0.25Gi"}}
CLAIM = {"path": "/srv/theirs", "claim": "goods", "read_only": True}


@pytest.fixture
def target(new_target: NewTarget, cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Target]:
    """A shop that lives in somebody's namespace, in which there is a claim to a volume."""
    for name, text in (("shop.py", SERVER), ("own.txt", "of the image"), ("Dockerfile", DOCKERFILE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    target = new_target(
        f"pods-{request.node.name.rpartition('_')[2]}",
        app_name="shop",
        app_namespace_create=False,
        app_db_enabled=False,
        app_db_password="",
        app_api_build_context=str(tmp_path),
        app_api_readiness_path="/",
        app_api_liveness_path="/",
        app_startup_seconds=60,
        app_api_resources=RESOURCES,
        app_pod_environment={"MY_ID": "metadata.uid", "MY_SPACE": "metadata.namespace", "MY_NODE": "spec.nodeName"},
        app_files={"/etc/shop/a.toml": SETTINGS, "/etc/shop/b.json": ""},
        app_volumes={"cache": {"path": "/var/cache/shop", "empty_dir": {"size": "8Mi"}}, "theirs": CLAIM},
        app_autoscale={"min": 2, "max": 3, "cpu": 80},
        verify_endpoints=[{"path": "/", "varies": True, "json_includes": {"files": {"/srv/own.txt": "of the image"}}}],
    )
    space = target.namespace
    cluster.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    # The folder of a host has the modes that it was made with.
    goods = tmp_path / "goods"
    goods.mkdir(mode=0o777)
    (goods / "goods.txt").write_text("apples", encoding="utf-8")
    tmp_path.parent.chmod(0o755)
    room = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    volume = room | {"capacity": {"storage": "1Mi"}, "hostPath": {"path": str(goods)}}
    cluster.create("/api/v1/persistentvolumes", object_of("PersistentVolume", space, volume))
    claim = room | {"volumeName": space, "resources": {"requests": {"storage": "1Mi"}}}
    cluster.create(
        f"/api/v1/namespaces/{space}/persistentvolumeclaims", object_of("PersistentVolumeClaim", "goods", claim)
    )
    yield target
    cluster.client.request("DELETE", f"/api/v1/persistentvolumes/{space}")


def object_of(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def seen(target: Target) -> dict[str, Any]:
    """What one of the Pods has found."""
    status, body = get("/", target.host)
    assert status == 200
    found: dict[str, Any] = json.loads(body)
    return found


def versions(cluster: Cluster, target: Target) -> int:
    """How many versions of the Pods there have been."""
    path = f"/apis/apps/v1/namespaces/{target.namespace}/replicasets"
    return len(cluster.client.get(path)["items"])


def names(cluster: Cluster, target: Target, path: str) -> list[str]:
    """What there is of a kind, without the cluster's own."""
    listed = cluster.client.get(path.format(target.namespace))["items"]
    return [item["metadata"]["name"] for item in listed if not item["metadata"]["name"].startswith("kube-")]


def until_scaled(cluster: Cluster, target: Target, replicas: int) -> None:
    """Wait for the autoscaler, which looks every 15 s, and for the Pods."""
    deadline = time.monotonic() + 60
    while (found := cluster.deployment(target.namespace, "shop")) is None or found["spec"]["replicas"] != replicas:
        assert time.monotonic() < deadline, found
        time.sleep(1)
    kubectl("-n", target.namespace, "rollout", "status", "deployment/shop", "--timeout=60s")


MAPS = "/api/v1/namespaces/{}/configmaps"
SCALERS = "/apis/autoscaling/v1/namespaces/{}/horizontalpodautoscalers"


def test_its_pods_have_what_they_are_given(target: Target, cluster: Cluster) -> None:
    target.playbook().succeeded()
    found = seen(target)
    given = {"/etc/shop/a.toml": SETTINGS, "/etc/shop/b.json": "", "/srv/own.txt": "of the image"}
    assert found["files"] == given | {"/srv/theirs/goods.txt": "apples"}
    assert found["writable"] == ["/var/cache/shop", "/tmp"]
    assert found["pod"]["MY_ID"] in cluster.pods(target.namespace)
    assert (found["pod"]["MY_SPACE"], set(found["pod"])) == (target.namespace, {"MY_ID", "MY_SPACE", "MY_NODE"})
    live = cluster.deployment(target.namespace, "shop")
    assert live is not None
    assert live["spec"]["replicas"] == 2
    (container,) = live["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == RESOURCES | {"limits": {"memory": "256Mi"}}
    assert container["startupProbe"]["failureThreshold"] == 60
    assert target.playbook().succeeded().changed == 0

    # With or without anybody who measures the load, an autoscaler brings the least that it is to keep.
    target.variables["app_autoscale"] = {"min": 3, "max": 3, "cpu": 80}
    target.playbook().succeeded()
    until_scaled(cluster, target, 3)
    assert target.playbook().succeeded().changed == 0

    # Another content rolls the Pods, once, and a rollback brings the one before.
    before = versions(cluster, target)
    target.variables["app_files"] = {"/etc/shop/a.toml": "b = 1\n", "/etc/shop/c.json": "{}"}
    planned = target.playbook("site.yml", "--check").succeeded()
    assert "~ change  ConfigMap shop-files" in planned.output
    assert "spec.replicas" not in planned.output
    target.playbook().succeeded()
    found = seen(target)
    assert found["files"]["/etc/shop/a.toml"] == "b = 1\n"
    # What the image has there is seen again.
    assert found["files"]["/etc/shop/b.json"] == '{"of": "the image"}\n'
    assert versions(cluster, target) == before + 1
    assert target.playbook().succeeded().changed == 0
    target.playbook("playbooks/rollback.yml").succeeded()
    assert seen(target)["files"]["/etc/shop/a.toml"] == SETTINGS
    live = cluster.deployment(target.namespace, "shop")
    assert live is not None and live["spec"]["replicas"] == 3

    # A claim that nobody has made is named long before the time is up, and what ran before runs again.
    volumes = {"theirs": CLAIM | {"claim": "nobody-made-this"}}
    run = target.playbook(app_volumes=volumes)
    assert run.rc != 0
    (error,) = run.errors
    assert "was not rolled out within" not in error
    assert "VolumeNotBound: Pod shop-" in error
    assert "PersistentVolumeClaim nobody-made-this is not there" in error
    assert seen(target)["files"]["/srv/theirs/goods.txt"] == "apples"

    # What is not wanted any more goes, and the replicas are the target's own again.
    unset = {"app_files": {}, "app_autoscale": {}, "app_volumes": {}, "app_pod_environment": {}, "app_replicas": 1}
    target.variables |= unset
    target.playbook().succeeded()
    assert (names(cluster, target, MAPS), names(cluster, target, SCALERS)) == ([], [])
    live = cluster.deployment(target.namespace, "shop")
    assert live is not None and live["spec"]["replicas"] == 1
    found = seen(target)
    assert (found["files"]["/etc/shop/a.toml"], found["writable"], found["pod"]) == (None, ["/tmp"], {})
    assert target.playbook().succeeded().changed == 0
    target.playbook("playbooks/rollback.yml").succeeded()
    assert (names(cluster, target, MAPS), names(cluster, target, SCALERS)) == (["shop-files"], ["shop"])

    target.playbook("playbooks/teardown.yml").succeeded()
    assert (names(cluster, target, MAPS), names(cluster, target, SCALERS)) == ([], [])
    assert names(cluster, target, "/api/v1/namespaces/{}/persistentvolumeclaims") == ["goods"]


def test_a_file_over_a_folder_of_the_image_is_named(target: Target, cluster: Cluster) -> None:
    target.variables |= {"app_files": {"/etc/shop": "x"}, "app_autoscale": {}, "app_replicas": 1}
    run = target.playbook()
    assert run.rc != 0
    (error,) = run.errors
    assert (
        "ContainerCannotStart" in error and "A path of app_files, app_secret_files or app_volumes is a folder" in error
    )
