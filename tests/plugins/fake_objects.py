"""A stand-in for an API server that keeps objects: as much of it as optimistic locking takes.

What a real cluster makes of the objects is tested on a real cluster; races are made here.
"""

from __future__ import annotations

import re
import uuid
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import Cluster, Credentials

from fake_api_server import Reply, status

Object = dict[str, Any]

_COLLECTION = re.compile(r"/(?:api|apis/[^/]+)/[^/]+/namespaces/[^/]+/[^/]+$")


def client(server: str) -> KubeClient:
    """A client of the stand-in."""
    return KubeClient(Cluster(server, "here", "/kubeconfig", Credentials()), timeout=5)


class Objects:
    """Objects by their path, each with a uid and a version that every write changes."""

    def __init__(self, *objects: tuple[str, Object]) -> None:
        self.kept: dict[str, Object] = {}
        self.version = 0
        self.writes: list[tuple[str, str]] = []
        self.missing: set[str] = set()
        # What came with each DELETE.
        self.deleted: list[Object] = []
        for collection, item in objects:
            self.add(collection, item)

    def add(self, collection: str, item: Object) -> Object:
        """Store a new object."""
        self.version += 1
        kept = deepcopy(item)
        kept["metadata"] |= {"uid": str(uuid.uuid4()), "resourceVersion": str(self.version)}
        self.kept[f"{collection}/{item['metadata']['name']}"] = kept
        return kept

    def route(self, method: str, target: str, body: Object) -> Reply:
        """Answer as an API server would."""
        url = urlsplit(target)
        query = parse_qs(url.query)
        if url.path.rpartition("/")[0] in self.missing or url.path in self.missing:
            return status(404, "the server could not find the requested resource")
        if method == "GET" and _COLLECTION.match(url.path) and url.path not in self.kept:
            return 200, {"items": self._selected(url.path, query.get("labelSelector", [""])[0])}
        if method == "POST":
            path = f"{url.path}/{body['metadata']['name']}"
            if path in self.kept:
                return status(409, f"{path} already exists")
            if "dryRun" in query:
                return 201, body
            self.writes.append((method, path))
            return 201, self.add(url.path, body)
        found = self.kept.get(url.path)
        if found is None:
            return status(404, f"{url.path} not found")
        if method == "GET":
            return 200, found
        given = (body.get("preconditions") or body.get("metadata") or {}).get("resourceVersion")
        if given not in (None, found["metadata"]["resourceVersion"]):
            return status(409, "the object has been modified")
        if (body.get("preconditions") or {}).get("uid") not in (None, found["metadata"]["uid"]):
            return status(409, "the UID in the precondition does not match the UID in record")
        return 200, body if "dryRun" in query else self._write(method, url.path, found, body)

    def _selected(self, collection: str, selector: str) -> list[Object]:
        wanted = dict(part.split("=", 1) for part in selector.split(",") if part)
        return [
            {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
            for path, item in self.kept.items()
            if path.rpartition("/")[0] == collection
            and wanted.items() <= (item["metadata"].get("labels") or {}).items()
        ]

    def _write(self, method: str, path: str, found: Object, body: Object) -> Object:
        self.writes.append((method, path))
        if method == "DELETE":
            self.deleted.append(body)
            return self.kept.pop(path)
        if method == "PATCH":
            annotations = body["metadata"]["annotations"]
            body = deepcopy(found)
            body["metadata"]["annotations"] = (body["metadata"].get("annotations") or {}) | annotations
        return self.add(path.rpartition("/")[0], body)
