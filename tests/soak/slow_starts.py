"""Fifty starts that are slow and healthy, 10 to 60 s: the watcher must not give up one of them."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError, NotFoundError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.distributions import this_machine
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.watch import Rollout
from record import let_root

KUBECONFIG, CONTEXT = "/var/lib/fastapi-mysql-k8s/kubeconfig", "embedded"
IMAGE = f"127.0.0.1:5000/{this_machine().base_image}"
NAMESPACE = "soak-slow-starts"
STARTS, AT_A_TIME = 50, 10
SHORTEST, LONGEST = 10, 60
Object = dict[str, Any]

SERVER = """
import http.server, sys, time
port, begin, fine = int(sys.argv[1]), float(sys.argv[2]), time.monotonic() + float(sys.argv[3])
time.sleep(begin)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() > fine else 503)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("", port), Handler).serve_forever()
"""
# Ends, as an API does that finds no database, until its neighbour listens.
NEEDY = """
import socket, sys, time
time.sleep(0.5)
try:
    socket.create_connection(("127.0.0.1", 9000), 1).close()
except OSError:
    sys.exit("There is no database at 127.0.0.1:9000.")
"""


def container(name: str, *command: str, port: int = 8000, startup: bool = False, probes: bool = True) -> Object:
    ask = {"httpGet": {"path": "/", "port": port}, "timeoutSeconds": 2}
    item: Object = {"name": name, "image": IMAGE, "command": list(command)}
    if probes:
        item["readinessProbe"] = ask | {"periodSeconds": 2, "failureThreshold": 2}
    if startup:
        item["startupProbe"] = ask | {"periodSeconds": 1, "failureThreshold": 120}
    return item


def server(port: int = 8000, begin: float = 0, fine: float = 0) -> tuple[str, ...]:
    return ("python3", "-c", SERVER, str(port), str(begin), str(fine))


def pod_spec(kind: int, delay: float) -> tuple[str, Object]:
    """Five ways of being slow."""
    if kind == 0:
        return "listens late, with a startup probe", {
            "containers": [container("api", *server(begin=delay), startup=True)]
        }
    if kind == 1:
        return "listens late, without a startup probe", {"containers": [container("api", *server(begin=delay))]}
    if kind == 2:
        return "answers 503 at first", {"containers": [container("api", *server(fine=delay))]}
    if kind == 3:
        needy = container(
            "api", "sh", "-c", f"python3 -c '{NEEDY.replace(chr(39), chr(34))}' && exec \"$@\"", "-", *server()
        )
        neighbour = container("db", *server(port=9000, begin=delay), port=9000, startup=True)
        return "ends until its neighbour is up", {"containers": [needy, neighbour]}
    setup = container("setup", "sleep", str(delay), probes=False)
    return "an initial container takes its time", {
        "initContainers": [setup],
        "containers": [container("api", *server())],
    }


def deployment(name: str, spec: Object) -> Object:
    labels = {"app": name}
    more = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec | more},
        },
    }


def start(number: int) -> Object:
    """One start, watched as a deployment watches it."""
    delay = SHORTEST + (LONGEST - SHORTEST) * number / (STARTS - 1)
    how, spec = pod_spec(number % 5, round(delay, 1))
    name, path = f"slow-{number:02}", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
    client = KubeClient.from_kubeconfig(KUBECONFIG, CONTEXT)
    client.request("POST", path, body=deployment(name, spec))
    began = time.monotonic()
    alarm = ""
    try:
        Rollout(client, NAMESPACE, name, show=lambda line: None).wait(300)
    except KubeError as error:
        alarm = str(error)
    took = round(time.monotonic() - began, 1)
    with contextlib.suppress(NotFoundError):
        client.request("DELETE", f"{path}/{name}", {"propagationPolicy": "Background"})
    with lock:
        print(f"{'ALARM' if alarm else 'ok'}  {how}: {delay:.0f} s, ready after {took} s {alarm}", flush=True)
    return {"how": how, "delay": round(delay, 1), "took": took, "alarm": alarm}


lock = threading.Lock()


def main() -> int:
    client = KubeClient.from_kubeconfig(KUBECONFIG, CONTEXT)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    client.request("POST", "/api/v1/namespaces", body=space)
    let_root(client, NAMESPACE)
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            results = list(pool.map(start, range(STARTS)))
    finally:
        client.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
    alarms = [item for item in results if item["alarm"]]
    print(f"{len(results)} slow starts, {len(alarms)} false alarms, {time.monotonic() - began:.0f} s")
    if path := os.environ.get("SOAK_RESULTS"):
        Path(path, "slow_starts.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
