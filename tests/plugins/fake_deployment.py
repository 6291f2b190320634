"""A small cluster, registry and API in this process, for evidence of deployments that are well and that are not."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_api_server import Reply, serving, status, write_kubeconfig
from fake_registry import FakeRegistry, serve

Object = dict[str, Any]

# Whatever could hide it from a search: quotes, slashes, an ampersand, a letter beyond ASCII.
CANARY = "cänary/'\"<&>+ %41\\"
ENDPOINTS: list[Object] = [
    {"name": "the API runs", "path": "/status", "json": 1},
    {"name": "user 1", "path": "/users/1", "json_includes": {"username": "August"}},
    {"name": "a user who is not there", "path": "/users/999999", "status": 404, "contains": "Unknown User ID"},
]
ANSWERS: dict[str, tuple[int, Any]] = {
    "/status": (200, "1"),
    "/users/1": (200, {"user_id": 1, "username": "August", "email": "august@example.com"}),
    "/users/999999": (404, {"detail": "Unknown User ID"}),
}
SECRET = """# 1 of 4
---
apiVersion: v1
kind: Secret
metadata:
  name: users
data:
  # The API's.
  MYSQL_PASSWORD: "{value}"
"""


# A rollout of three Pods, as rollout_wait tells of it: one old Pod goes when the first new one is ready.
ROLLOUT: Object = {
    "began": "2026-11-23T10:00:01Z",
    "seconds": 14.2,
    "pods": [
        {
            "name": "users-old-w9",
            "current": False,
            "moments": {"created": -7200.0, "scheduled": -7200.0, "started": -7196.0, "ready": -7190.0, "leaving": 8.4},
        },
        *(
            {
                "name": f"users-abc-{name}",
                "current": True,
                "moments": {"created": begun, "scheduled": begun, "started": begun + 3.1, "ready": begun + 9.3},
            }
            for name, begun in (("x0", -1.0), ("y1", 0.4), ("z2", 4.5))
        ),
    ],
}
# What is left of the same when the image of the new version cannot be pulled.
ATTEMPT: Object = ROLLOUT | {
    "pods": [
        {"name": "users-old-w9", "current": False, "moments": {"created": -7200.0, "ready": -7190.0}},
        {"name": "users-bad-q7", "current": True, "moments": {"created": 0.0, "scheduled": 0.1}},
    ]
}


@dataclass
class FakeDeployment:
    """What the cluster says; a test changes it before it asks."""

    folder: Path
    registry: str = ""
    replicas: int = 3
    ready: int = 3
    reason: str = ""
    revision: int = 4
    labels: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, Any]] = field(default_factory=lambda: dict(ANSWERS))
    images: dict[str, str] = field(default_factory=dict)
    forbidden: frozenset[str] = frozenset()
    slices_served: bool = True
    kubeconfig: str = ""
    url: str = ""
    # What a test gives the action beside the usual.
    own: Object = field(default_factory=dict)

    def route(self, method: str, path: str, body: Object) -> Reply:
        path = path.partition("?")[0]
        if any(one in path for one in self.forbidden):
            refusal = {"kind": "Status", "apiVersion": "v1", "code": 403, "message": f"you may not read {path}"}
            return 403, refusal
        if "/proxy/" in path:
            return self.answers["/" + path.partition("/proxy/")[2]]
        if not path.startswith(("/api", "/version")):
            return self.answers[path]
        kind = path.removesuffix("/users").rpartition("/")[2]
        made: dict[str, Object] = {
            "version": {"gitVersion": "v1.30.0"},
            "deployments": self.deployment(),
            "replicasets": {"items": [self.replica_set()]},
            "pods": {"items": [self.pod(number) for number in range(self.replicas)]},
            "services": self.service(),
            "endpoints": self.endpoints(),
            **({"endpointslices": self.slices()} if self.slices_served else {}),
            "events": {"items": []},
            "ingresses": self.ingress(),
            "secrets": {
                "kind": "Secret",
                "metadata": {"name": "users"},
                "data": {"MYSQL_PASSWORD": base64.b64encode(CANARY.encode()).decode()},
            },
        }
        return (200, made[kind] | self.columns(kind)) if kind in made else status(404, f"{path} not found")

    def columns(self, kind: str) -> Object:
        """What a server says of a kind when it is asked for a table; nobody else minds."""
        cells: dict[str, list[list[Any]]] = {
            "pods": [[self.pod(number)["metadata"]["name"], "2/2"] for number in range(self.replicas)],
            "services": [["users", "ClusterIP"]],
            "endpoints": [["users", "198.18.0.9:8000"]],
            "endpointslices": [["users-x2v8c", "198.18.0.9"]],
            "ingresses": [["users", "traefik"]],
        }
        if kind not in cells:
            return {}
        names = [
            "Name",
            {"pods": "Ready", "services": "Type", "endpoints": "Endpoints", "endpointslices": "Endpoints"}.get(
                kind, "Class"
            ),
        ]
        return {
            "columnDefinitions": [{"name": name} for name in names],
            "rows": [{"cells": one} for one in cells[kind]],
        }

    def metadata(self, **more: Any) -> Object:
        return {"name": "users", "uid": "u1", "generation": self.revision, **more}

    def deployment(self) -> Object:
        containers = [
            {"name": name, "image": image, "ports": [{"name": "http", "containerPort": 8000}] if name == "api" else []}
            for name, image in self.images.items()
        ]
        counted = {"updatedReplicas": self.replicas, "replicas": self.replicas, "observedGeneration": self.revision}
        return {
            "kind": "Deployment",
            "metadata": self.metadata(
                annotations={"deployment.kubernetes.io/revision": str(self.revision)},
                creationTimestamp="2026-11-20T08:00:00Z",
            ),
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": {"app.kubernetes.io/instance": "users"}},
                "template": {"spec": {"containers": containers}},
            },
            "status": {**counted, "readyReplicas": self.ready, "availableReplicas": self.ready},
        }

    def replica_set(self) -> Object:
        return {
            "metadata": {
                "name": "users-abc",
                "labels": {"pod-template-hash": "abc"},
                "annotations": {"deployment.kubernetes.io/revision": str(self.revision)},
                "ownerReferences": [{"uid": "u1"}],
            }
        }

    def pod(self, number: int) -> Object:
        good = number < self.ready
        begun = 4 * number
        statuses = [
            {
                "name": name,
                "ready": good or name == "mysql",
                "restartCount": 0 if good else 5,
                "imageID": image,
                "state": {"running": {"startedAt": f"2026-11-23T10:00:{begun + 3:02d}Z"}}
                if good or name == "mysql"
                else {"waiting": {"reason": self.reason, "message": f"back-off, said <b>{CANARY}</b>"}},
                "lastState": {"terminated": {"exitCode": 1}},
            }
            for name, image in self.images.items()
        ]
        done = {"PodScheduled": begun, "Initialized": begun + 1} | ({"Ready": begun + 9} if good else {})
        return {
            "metadata": {
                "name": f"users-abc-{'xyz'[number % 3]}{number}",
                "labels": {"pod-template-hash": "abc"},
                "creationTimestamp": f"2026-11-23T10:00:{begun:02d}Z",
            },
            "spec": {
                "nodeName": "embedded",
                "containers": [{"name": name, "image": image} for name, image in self.images.items()],
            },
            "status": {
                "phase": "Running",
                "containerStatuses": statuses,
                "conditions": [
                    {"type": step, "status": "True", "lastTransitionTime": f"2026-11-23T10:00:{second:02d}Z"}
                    for step, second in done.items()
                ],
            },
        }

    def service(self) -> Object:
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        return {
            "kind": "Service",
            "metadata": self.metadata(labels=self.labels),
            "spec": {"type": "ClusterIP", "ports": ports},
        }

    def endpoints(self) -> Object:
        pods = [self.pod(number)["metadata"]["name"] for number in range(self.ready)]
        addresses = [{"ip": "198.18.0.9", "targetRef": {"name": name}} for name in pods]
        return {"kind": "Endpoints", "metadata": self.metadata(), "subsets": [{"addresses": addresses}]}

    def slices(self) -> Object:
        """The same as the endpoints, as newer clusters have it."""
        pods = [self.pod(number)["metadata"]["name"] for number in range(self.ready)]
        endpoints = [{"addresses": ["198.18.0.9"], "targetRef": {"name": name}} for name in pods]
        return {"items": [{"kind": "EndpointSlice", "metadata": {"name": "users-x2v8c"}, "endpoints": endpoints}]}

    def ingress(self) -> Object:
        backend = {"service": {"name": "users", "port": {"name": "http"}}}
        rule = {"host": "users.test", "http": {"paths": [{"path": "/", "backend": backend}]}}
        return {
            "kind": "Ingress",
            "metadata": self.metadata(),
            "spec": {"ingressClassName": "traefik", "rules": [rule]},
        }

    def arguments(self) -> Object:
        """What the action gets."""
        return {
            "dest": str(self.folder / "evidence"),
            "templates": str(Path(__file__).resolve().parents[2] / "roles/evidence/templates"),
            "target": "here",
            "name": "users",
            "namespace": "users",
            "kubeconfig": self.kubeconfig,
            "context": "here",
            "base_url": self.url,
            "host": "users.test",
            "validate_certs": True,
            "ca_file": "",
            "verified": [],
            "endpoints": ENDPOINTS,
            "manifests_dir": str(self.folder / "manifests"),
            "source_dir": str(self.folder),
            "samples": 7,
            "patience": 0,
            "only_new": False,
            "inventory": [str(self.folder / "inventory/mine")],
            "rollout": {},
            "failed_task": "",
            "failed_result": {},
            "registry": self.registry,
            "username": "",
            "password": "",
            "docker_config": str(self.folder),
            "timeout": 20,
        }


def fill(registry: FakeRegistry, repository: str, sizes: list[int], commands: list[str]) -> str:
    """Put an image of such layers into the registry, and return its digest."""
    config = {
        "os": "linux",
        "architecture": "amd64",
        "created": "2026-11-23T09:00:00Z",
        "config": {"ExposedPorts": {"8000/tcp": {}}, "Entrypoint": ["python", "serve.py"], "User": "10001:10001"},
        "history": [{"created_by": one} for one in commands] + [{"created_by": "ENV A=1", "empty_layer": True}],
    }
    body = json.dumps(config).encode()
    manifest = {
        "config": {"digest": f"sha256:{hashlib.sha256(body).hexdigest()}"},
        "layers": [{"digest": f"sha256:{number:064x}", "size": size} for number, size in enumerate(sizes)],
    }
    text = json.dumps(manifest).encode()
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    for path, content in ((f"blobs/{manifest['config']['digest']}", body), (f"manifests/{digest}", text)):
        registry.manifests[f"/v2/{repository}/{path}"] = content
        registry.media_types[f"/v2/{repository}/{path}"] = "application/vnd.docker.distribution.manifest.v2+json"
    return digest


@contextmanager
def standing_in(folder: Path, forwarded: Callable[[str], int] | None = None) -> Iterator[FakeDeployment]:
    """A deployment of three Pods that is well, until a test says otherwise; `forwarded` has each Pod's port here."""
    cluster = FakeDeployment(folder)
    (folder / "manifests").mkdir()
    value = base64.b64encode(CANARY.encode()).decode()
    (folder / "manifests/my-secret-eval.yml").write_text(SECRET.format(value=value), encoding="utf-8")
    with serve(FakeRegistry()) as registry, serving(lambda *asked: cluster.route(*asked), forwarded=forwarded) as url:
        layers = [51_200_000, 9_800_000, 14_700_000, 5_100]
        commands = [
            "# debian.sh",
            "RUN /bin/sh -c apt-get install libmariadb3 # buildkit",
            "COPY /opt/venv",
            "COPY /app",
        ]
        api = fill(registry, "users-api", layers, commands)
        db = fill(registry, "users-db", [51_200_000, 88_000_000, 900], commands[:3])
        cluster.registry = registry.host
        cluster.images = {
            "api": f"{registry.host}/users-api@{api}",
            "mysql": f"{registry.host}/users-db@{db}",
        }
        cluster.url = url
        cluster.kubeconfig = write_kubeconfig(folder, url)
        yield cluster
