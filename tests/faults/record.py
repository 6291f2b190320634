"""Record what a real cluster says of Deployments that cannot come up, and of some that can.

It is what tests/plugins/test_recorded.py judges, for each release of Kubernetes that it was recorded on.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import NotFoundError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.distributions import this_machine

KUBECONFIG, CONTEXT, REGISTRY = "/var/lib/fastapi-mysql-k8s/kubeconfig", "embedded", "127.0.0.1:5000"
IMAGE = f"{REGISTRY}/{this_machine().base_image}"
RECORDED = Path(__file__).resolve().parents[1] / "plugins" / "recorded"
# Another one each time: the last may still be going.
SPACE = f"record-{secrets.token_hex(2)}"
LABELS = {"pod-security.kubernetes.io/enforce": "baseline"}
Object = dict[str, Any]

SERVE = "import http.server as h; h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()"
SMALL: Object = {"resources": {"limits": {"memory": "32Mi"}}}
LATER = f"import time; time.sleep(15); {SERVE}"
EATS = "import time; a = [b'x' * (1 << 20) for _ in range(400)]; time.sleep(60)"
WORKS = "import time, sys; time.sleep(11); sys.exit('Something broke.')"


def api(*command: str, **more: Any) -> Object:
    return {"name": "api", "image": IMAGE, "command": list(command) or ["python3", "-c", SERVE]} | more


def probe(path: str = "/", failures: int = 3) -> Object:
    return {
        "httpGet": {"path": path, "port": 8000},
        "periodSeconds": 1,
        "failureThreshold": failures,
        "timeoutSeconds": 1,
    }


def environment(kind: str, name: str, key: str) -> list[Object]:
    return [{"name": "VALUE", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}]


# What it is called, the type of its cause (empty: it is well), how long it is watched, and its containers.
FAULTS: dict[str, tuple[str, int, list[Object]]] = {
    "image_not_there": ("ImagePullFailed", 12, [api(image=f"{REGISTRY}/nobody/pushed:this")]),
    "registry_down": ("ImagePullFailed", 40, [api(image="127.0.0.1:5999/some/image:1")]),
    "image_name": ("ImageNameInvalid", 5, [api(image="Not/A Name")]),
    "exits": ("ContainerExited", 24, [api("sh", "-c", "echo no such colour >&2; exit 3", readinessProbe=probe())]),
    "ends_well": ("ContainerExited", 24, [api("true", readinessProbe=probe())]),
    "works_and_ends": ("CrashLoop", 60, [api("python3", "-c", WORKS, readinessProbe=probe())]),
    "program_missing": ("ContainerCannotStart", 24, [api("/no/such/program")]),
    "runs_as_root": ("ContainerCannotStart", 18, [api(securityContext={"runAsNonRoot": True, "runAsUser": 0})]),
    "secret_missing": ("SecretMissing", 35, [api(env=environment("secret", "nobody", "KEY"))]),
    "secret_key_missing": ("SecretKeyMissing", 35, [api(env=environment("secret", "there", "OTHER"))]),
    "config_map_missing": ("ConfigMapMissing", 40, [api(env=environment("configMap", "nobody", "KEY"))]),
    "out_of_memory": ("OutOfMemory", 24, [api("python3", "-c", EATS, readinessProbe=probe(), **SMALL)]),
    "unschedulable": ("Unschedulable", 18, [api(resources={"requests": {"cpu": "640"}})]),
    "claim_missing": ("VolumeNotBound", 18, [api()]),
    "claim_not_bound": ("VolumeNotBound", 30, [api()]),
    "claim_without_class": ("VolumeNotBound", 30, [api()]),
    "never_ready": ("ProbeNeverPasses", 22, [api(startupProbe=probe(failures=8), readinessProbe=probe("/no"))]),
    "never_starts": ("ProbeNeverPasses", 35, [api("sleep", "600", startupProbe=probe(failures=6))]),
    "listens_late": ("", 30, [api("python3", "-c", LATER, startupProbe=probe(failures=60), readinessProbe=probe())]),
    "well": ("", 8, [api(readinessProbe=probe())]),
    "quota": ("QuotaExceeded", 18, [api()]),
    "limit_range": ("AdmissionRefused", 18, [api(resources={"limits": {"memory": "1Gi"}})]),
}


# The claims that a fault's Pods mount, and what of them is made: claims that nobody binds.
CLAIMS: dict[str, Object | None] = {
    "claim_missing": None,
    "claim_not_bound": {},
    "claim_without_class": {"storageClassName": "nobody-made-this"},
}


def claim(name: str) -> str:
    """What a fault's claim is called."""
    return f"{name.replace('_', '-')}-data"


def mounted(name: str) -> Object:
    """The volumes of a fault's Pods."""
    source = {"persistentVolumeClaim": {"claimName": claim(name)}}
    return {"volumes": [{"name": "data"} | source]} if name in CLAIMS else {}


def claims() -> list[Object]:
    """The claims that are made."""
    room: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return [
        {"kind": "PersistentVolumeClaim", "metadata": {"name": claim(name)}, "spec": room | more}
        for name, more in CLAIMS.items()
        if more is not None
    ]


def space(name: str) -> str:
    """What holds for a whole namespace has one of its own."""
    return f"{SPACE}-{name.replace('_', '-')}" if name in ("quota", "limit_range") else SPACE


def kept(item: Object) -> Object:
    """Of an object only what judging it could read."""
    metadata = {
        key: value
        for key, value in item["metadata"].items()
        if key in ("name", "uid", "generation", "labels", "deletionTimestamp", "creationTimestamp")
    }
    metadata["annotations"] = {
        key: value for key, value in (item["metadata"].get("annotations") or {}).items() if "revision" in key
    }
    metadata["ownerReferences"] = [{"uid": one["uid"]} for one in item["metadata"].get("ownerReferences") or []]
    if "involvedObject" in item:
        about = {key: item["involvedObject"].get(key, "") for key in ("kind", "name", "fieldPath")}
        told = ("reason", "message", "type", "lastTimestamp", "eventTime", "series", "count")
        fields = {key: item.get(key) for key in told}
        return {"metadata": {"name": metadata["name"], "uid": metadata["uid"]}, "involvedObject": about} | fields
    fields = ("replicas", "paused", "selector", "nodeName", "volumes")
    spec = {key: item["spec"].get(key) for key in fields if key in item["spec"]}
    for group in ("containers", "initContainers"):
        names = ("name", "image", "resources", "startupProbe", "readinessProbe", "livenessProbe")
        if group in item["spec"]:
            spec[group] = [{key: one[key] for key in names if key in one} for one in item["spec"][group]]
    status = {key: value for key, value in item.get("status", {}).items() if not key.lower().endswith(("ip", "ips"))}
    return {"metadata": metadata, "spec": spec, "status": status}


def let_root(client: KubeClient, name: str) -> None:
    """Let Pods of a namespace run as root, as the image does; the platform wants them `restricted` else.

    From Kubernetes 1.25 on, LABELS say so.
    """
    binding = {
        "metadata": {"name": "baseline"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "psp:baseline"},
        "subjects": [
            {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Group",
                "name": f"system:serviceaccounts:{name}",
            }
        ],
    }
    client.request("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings", body=binding)


def record(name: str) -> None:
    """Let it happen, and write down every state that differs from the one before."""
    kind, seconds, containers = FAULTS[name]
    title, place = name.replace("_", "-"), space(name)
    client = KubeClient.from_kubeconfig(KUBECONFIG, CONTEXT)
    labels = {"app": title}
    more = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 1} | mounted(name)
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": title},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers} | more},
        },
    }
    path = f"/apis/apps/v1/namespaces/{place}/deployments"
    client.request("POST", path, body=manifest)
    selector = {"labelSelector": f"app={title}"}
    moments: list[Object] = []
    last: Object = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = {
            "deployment": kept(client.get(f"{path}/{title}")),
            "replica_sets": [
                kept(one) for one in client.get(f"/apis/apps/v1/namespaces/{place}/replicasets", **selector)["items"]
            ],
            "pods": [kept(one) for one in client.get(f"/api/v1/namespaces/{place}/pods", **selector)["items"]],
            "events": [
                kept(one)
                for one in client.get(f"/api/v1/namespaces/{place}/events")["items"]
                if one["involvedObject"]["name"].startswith(title)
            ],
        }
        now = round(time.time() + client.clock(), 1)
        # Only what is new: most of it stays as it was.
        if news := {key: value for key, value in found.items() if last.get(key) != value}:
            moments.append({"now": now} | news)
            last = found
        time.sleep(0.5)
    moments.append({"now": now})
    with contextlib.suppress(NotFoundError):
        client.request("DELETE", f"{path}/{title}", {"propagationPolicy": "Background"})
    version = client.get("/version")
    document = {"cause": kind, "kubernetes": version["gitVersion"], "moments": moments}
    folder = RECORDED / f"{version['major']}.{version['minor']}"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{name}: {len(moments)} moments", flush=True)


def main() -> None:
    client = KubeClient.from_kubeconfig(KUBECONFIG, CONTEXT)
    spaces = {space(name) for name in FAULTS}
    for name in spaces:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": LABELS}}
        client.request("POST", "/api/v1/namespaces", body=namespace)
        let_root(client, name)
    try:
        for path, document in (
            *((f"{SPACE}/persistentvolumeclaims", one) for one in claims()),
            (f"{SPACE}/secrets", {"kind": "Secret", "metadata": {"name": "there"}, "stringData": {"KEY": "value"}}),
            (
                f"{space('quota')}/resourcequotas",
                {"kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}},
            ),
            (
                f"{space('limit_range')}/limitranges",
                {
                    "kind": "LimitRange",
                    "metadata": {"name": "l"},
                    "spec": {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
                },
            ),
        ):
            client.request("POST", f"/api/v1/namespaces/{path}", body={"apiVersion": "v1", **document})
        with ThreadPoolExecutor(7) as pool:
            list(pool.map(record, sys.argv[1:] or FAULTS))
    finally:
        for name in spaces:
            client.request("DELETE", f"/api/v1/namespaces/{name}")


if __name__ == "__main__":
    main()
