"""A tiny API whose releases are quick, and what a release is looked at by."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.names import identity
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.deployments import unfinished
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.own_fields import cleaned
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revision_store import Store
from playbook_runner import INGRESS, ROOT, Target
from surroundings import Cluster, get

Object = dict[str, Any]

SERVER = """
import http.server
import json
import os
import signal
import time

time.sleep(float(os.environ.get("SLOW", "0")))


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(os.environ.get("VERSION")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["API_PORT"])), Api).serve_forever()
"""
DOCKERFILE = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY api.py /srv/api.py\nCMD ["python3", "-u", "/srv/api.py"]\n'
# Answers that no version gives.
WRONG = [{"path": "/", "contains": "what nobody says"}]


def api_context(folder: Path) -> Path:
    """The folder of the tiny API's image."""
    (folder / "api.py").write_text(SERVER, encoding="utf-8")
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    return folder


def version(number: int, slow: float = 0, **more: object) -> dict[str, object]:
    """What makes a target the version of that number, which may take its time to start."""
    return {
        "app_api_environment": {"VERSION": str(number)} | ({"SLOW": str(slow)} if slow else {}),
        "verify_endpoints": [{"path": "/", "json": str(number)}],
    } | more


def objects(cluster: Cluster, target: Target) -> dict[str, Object]:
    """The target's objects, as far as they are not the cluster's own matter."""
    store = store_of(cluster, target)
    return {f"{item['kind']} {item['metadata']['name']}": cleaned(item) for item in store.live()}


def revisions(cluster: Cluster, target: Target) -> list[int]:
    """The numbers of the kept revisions."""
    return [item.number for item in store_of(cluster, target).kept()]


def running(cluster: Cluster, target: Target) -> int:
    """The number of the revision that runs."""
    found = store_of(cluster, target).running()[0]
    assert found is not None
    return found.number


def store_of(cluster: Cluster, target: Target) -> Store:
    """Where the target's revisions are kept."""
    return Store(cluster.client, target.namespace, str(target.variables["app_name"]))


def proof(cluster: Cluster, target: Target) -> Object:
    """The newest evidence, which has to be of what runs now."""
    folder = Path(str(target.variables["evidence_dir"])) / target.name / "latest"
    found: Object = json.loads((folder / "evidence.json").read_text())
    deployment = cluster.deployment(target.namespace, str(target.variables["app_name"]))
    assert identity(deployment)[0] in found["identity"]
    return found


def rolled_out(cluster: Cluster, target: Target) -> bool:
    """Whether all Pods are those of the newest version, and ready."""
    found = cluster.deployment(target.namespace, str(target.variables["app_name"]))
    return found is not None and not unfinished(found)


def lease(cluster: Cluster, target: Target) -> Object | None:
    """The lock, if anybody holds it."""
    name = target.variables["app_name"]
    return cluster.client.find(f"/apis/coordination.k8s.io/v1/namespaces/{target.namespace}/leases/{name}-release")


def served(target: Target, body: str, seconds: float = 10) -> bool:
    """Whether users get this, as soon as the Ingress has forgotten the Pods of the version before."""
    deadline = time.monotonic() + seconds
    while (found := get("/", target.host)) != (200, body):
        if time.monotonic() > deadline:
            print(found)
            return False
        time.sleep(0.5)
    return True


class Started:
    """A run of a playbook that is under way, to be killed."""

    def __init__(self, target: Target, playbook: str, log: Path, **variables: Any) -> None:
        inventory = self.inventory = target.folder / f"{target.name}-{time.time_ns()}.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {target.name: target.variables | variables}}}), "utf-8")
        inventory.chmod(0o600)
        self.log = log
        own = {
            "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONUNBUFFERED": "1",
            # Names each task as it begins.
            "ANSIBLE_STDOUT_CALLBACK": "default",
        }
        with log.open("w") as output:
            self.process = subprocess.Popen(
                ["ansible-playbook", "-i", str(inventory), playbook],
                cwd=ROOT,
                env=dict(os.environ) | own,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def reached(self, text: str, timeout: float = 60) -> Started:
        """Wait until the run has printed it."""
        deadline = time.monotonic() + timeout
        while text not in self.log.read_text(encoding="utf-8"):
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.02)
        return self

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """As a power cut, or as Ctrl-C, would."""
        self.process.send_signal(how)
        self.process.wait(30)

    def ended(self, timeout: float = 120) -> int:
        """Its exit code."""
        return self.process.wait(timeout)


class Load:
    """Users who ask all the time, while something else happens."""

    def __init__(self, target: Target, *ask: str, rate: int = 200, requests: int = 100_000) -> None:
        command = [sys.executable, str(ROOT / "tests/load.py"), INGRESS.removeprefix("http://"), *ask]
        command += ["--host", target.host, "--rate", str(rate), "--requests", str(requests), "--until-told"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self) -> dict[str, Any]:
        """What they got."""
        output, _ = self.process.communicate(timeout=60)
        return dict(json.loads(output))
