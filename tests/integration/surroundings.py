"""Look at the cluster and the registry, beside what the playbooks say about them."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import ApiError, KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import find_credentials
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.trust import authorities
from playbook_runner import CACHE, CONTEXT, DOCKER_CONFIG, INGRESS, KUBECONFIG, REGISTRY, docker

_OCI = "application/vnd.oci.image"
MANIFESTS = f"application/vnd.docker.distribution.manifest.v2+json, {_OCI}.manifest.v1+json, {_OCI}.index.v1+json"
Object = dict[str, Any]


class Cluster:
    """The platform's cluster, read for what a test wants to know."""

    def __init__(self) -> None:
        self.client = KubeClient.from_kubeconfig(str(KUBECONFIG), CONTEXT)

    def is_up(self) -> bool:
        try:
            return bool(self.client.get("/version"))
        except KubeError:
            return False

    def namespaces(self) -> dict[str, str]:
        """Name and uid of each."""
        return {item["metadata"]["name"]: item["metadata"]["uid"] for item in self._items("/api/v1/namespaces")}

    def deployment(self, namespace: str, name: str) -> Object | None:
        return self.client.find(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")

    def images(self, namespace: str, name: str) -> dict[str, str]:
        """The image of each container."""
        found = self.deployment(namespace, name)
        assert found is not None
        return {item["name"]: item["image"] for item in found["spec"]["template"]["spec"]["containers"]}

    def pods(self, namespace: str) -> set[str]:
        """The uids of the Pods that are not going."""
        items = self._items(f"/api/v1/namespaces/{namespace}/pods")
        return {item["metadata"]["uid"] for item in items if not item["metadata"].get("deletionTimestamp")}

    def identity(self, namespace: str) -> set[str]:
        """What would differ if anybody had touched a namespace's objects; those that are going count as gone."""
        kinds = {
            "deployments": "/apis/apps/v1",
            "services": "/api/v1",
            "secrets": "/api/v1",
            "pods": "/api/v1",
            "ingresses": "/apis/networking.k8s.io/v1",
        }
        return {
            f"{plural}/{item['metadata']['name']} {item['metadata']['uid']} {item['metadata'].get('generation', '')}"
            for plural, prefix in kinds.items()
            for item in self._items(f"{prefix}/namespaces/{namespace}/{plural}")
            if not item["metadata"].get("deletionTimestamp")
        }

    def oldest(self, group: str) -> str:
        """The oldest version of a group that is served, such as batch/v1beta1."""
        return str(self.client.get(f"/apis/{group}")["versions"][-1]["groupVersion"])

    def create(self, path: str, document: Object) -> None:
        self.client.request("POST", path, body=document)

    def delete_namespaces(self, prefix: str, timeout: float = 90) -> None:
        """Delete all that begin so, and wait until they are gone."""
        mine = [name for name in self.namespaces() if name.startswith(prefix)]
        deadline = time.monotonic() + timeout
        # Pods first: the cluster looks again at a namespace that still has some only after half their grace period.
        for name in mine:
            for made in ("apps/v1/{}/deployments", "apps/v1/{}/statefulsets", "batch/v1/{}/jobs"):
                path = made.format(f"namespaces/{name}")
                self.client.request("DELETE", f"/apis/{path}?propagationPolicy=Background")
        self._wait(deadline, lambda: [name for name in mine if self._items(f"/api/v1/namespaces/{name}/pods")])
        for name in mine:
            try:
                self.client.request("DELETE", f"/api/v1/namespaces/{name}")
            except ApiError as error:
                # Gone, or going already.
                assert error.status in (404, 409), error
        self._wait(deadline, lambda: [name for name in self.namespaces() if name in mine])

    def _wait(self, deadline: float, left: Callable[[], list[str]]) -> None:
        """Until nothing is left."""
        while there := left():
            assert time.monotonic() < deadline, f"still there: {there}"
            time.sleep(0.3)

    def _items(self, path: str) -> list[Object]:
        return list(self.client.get(path).get("items") or [])


def repositories(prefix: str = "") -> list[str]:
    """The names of all images that the platform's registry has a tag of, or of those that begin so."""
    found: list[str] = []
    while True:
        last = urllib.parse.quote(found[-1], safe="") if found else ""
        _, headers, body = ask_registry("GET", f"/v2/_catalog?n=100&last={last}")
        found += json.loads(body)["repositories"] or []
        if "Link" not in headers:
            return [name for name in found if name.startswith(prefix) and tags(name)]


def tags(name: str) -> dict[str, str]:
    """Tag and digest of an image, for each tag."""
    status, _, body = ask_registry("GET", f"/v2/{name}/tags/list")
    names = json.loads(body).get("tags") or [] if status == 200 else []
    return {tag: ask_registry("HEAD", f"/v2/{name}/manifests/{tag}")[1]["Docker-Content-Digest"] for tag in names}


def content_tags(name: str) -> set[str]:
    return {tag for tag in tags(name) if tag.startswith("content-")}


def ask_registry(method: str, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    [authority] = authorities(REGISTRY, str(DOCKER_CONFIG), {})
    login = find_credentials(REGISTRY, str(DOCKER_CONFIG), {})
    assert login is not None
    tls = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection(REGISTRY, timeout=20, context=tls)
    connection.request(method, path, headers={"Accept": MANIFESTS, "Authorization": login.basic})
    answer = connection.getresponse()
    result = (answer.status, answer.headers, answer.read())
    connection.close()
    return result


def remove_images(prefix: str) -> None:
    """Take every image whose name begins so out of the registry and the Docker engine."""
    for name in repositories(prefix):
        for digest in set(tags(name).values()):
            ask_registry("DELETE", f"/v2/{name}/manifests/{digest}")
    # The API leaves the empty folders of an image behind, and its name in the catalogue.
    shutil.rmtree(CACHE / "registry/docker/registry/v2/repositories" / prefix, ignore_errors=True)
    remove_from_engine(f"{REGISTRY}/{prefix}")


def remove_from_engine(prefix: str) -> None:
    """Remove the images whose reference begins so from the Docker engine."""
    listed = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    if mine := [one for one in listed if one.startswith(prefix)]:
        docker("image", "rm", "--force", *mine)


def get(path: str, host: str) -> tuple[int, str]:
    """Ask through the platform's Ingress."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(INGRESS).netloc, timeout=20)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    result = (answer.status, answer.read().decode())
    connection.close()
    return result
