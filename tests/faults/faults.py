"""Inject faults one after the other, and say of each whether it was told, in time, without harm to users."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from accounts import kubeconfig_without
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.distributions import this_machine
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import parse_reference
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.session import open_registry
from api_server import ApiServer
from observer import NAME, NAMESPACE, Observer, Users, Watch
from promises import broken

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INVENTORY = ROOT / "molecule" / "faults" / "inventory"
KUBECONFIG, CONTEXT, REGISTRY, INGRESS = (
    "/var/lib/fastapi-mysql-k8s/kubeconfig",
    "embedded",
    "127.0.0.1:5000",
    "127.0.0.1:8080",
)
FAULTY_NAME = "faults/faulty-api"
Fault = dict[str, Any]


@dataclass
class Run:
    """One call of ansible-playbook, line by line with the time at which the line came."""

    lines: list[tuple[float, str]] = field(default_factory=list)
    rc: int = -1

    @property
    def output(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def first(self, pattern: str) -> float | None:
        """When the first line came that matches."""
        return next((at for at, line in self.lines if re.search(pattern, line)), None)


def playbook(name: str, variables: dict[str, Any], *options: str, on_line: Callable[[str], None] | None = None) -> Run:
    """Run a playbook for this target alone; `on_line` hears every line as it comes."""
    command = ["ansible-playbook", f"--inventory={INVENTORY}", name, *options, "-e", json.dumps(variables)]
    # Who started this may want colours, which would stand before the words that are looked for, or another output.
    others = ("ANSIBLE_FORCE_COLOR", "ANSIBLE_STDOUT_CALLBACK")
    environment = {name: value for name, value in os.environ.items() if name not in others} | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
    run = Run()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        # Whoever started this may have left it an input that does not block, which Ansible refuses.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            run.lines.append((time.monotonic(), line.rstrip("\n")))
            if on_line:
                on_line(line)
    run.rc = process.returncode
    return run


CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"
KUBECTL = [
    str(CACHE / "root/usr/bin/kubectl"),
    f"--kubeconfig={KUBECONFIG}",
    f"--context={CONTEXT}",
    f"--namespace={NAMESPACE}",
]


def kubectl(*arguments: str, document: Any = None) -> str:
    """kubectl against the platform's cluster, in the target's namespace."""
    text = json.dumps(document) if document is not None else None
    done = subprocess.run([*KUBECTL, *arguments], input=text, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def faulty_image() -> str:
    """The reference of the API with faults, as the registry has it."""
    path = ROOT / ".cache" / "faulty-image"
    return path.read_text(encoding="utf-8").strip()


def build() -> None:
    """Build the API with faults on the API that was just deployed, by the same playbook."""
    deployment = Observer(KubeClient.from_kubeconfig(KUBECONFIG, CONTEXT)).view().deployment
    images = {item["name"]: item["image"] for item in deployment["spec"]["template"]["spec"]["containers"]}
    variables = {
        "app_base_image": images["api"],
        "app_api_build_context": str(HERE / "faulty"),
        "app_api_image_name": FAULTY_NAME,
        "app_api_image_tag": "1.0.0",
        "app_db_enabled": False,
    }
    run = playbook("site.yml", variables, "--tags=build")
    if run.rc:
        sys.exit(run.output)
    path = ROOT / ".cache" / "faulty-image"
    path.parent.mkdir(exist_ok=True)
    # By digest: a node that has an image of this tag would not ask for a newer one.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"
    asked = {"username": "", "password": "", "docker_config": str(cache / "docker-cli"), "timeout": 20}
    digest = open_registry(REGISTRY, asked).digest(parse_reference(f"{REGISTRY}/{FAULTY_NAME}:1.0.0"))
    path.write_text(f"{REGISTRY}/{FAULTY_NAME}@{digest}\n", encoding="utf-8")


def filled(value: Any) -> Any:
    """The list's placeholders, in whatever they stand."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    if isinstance(value, str):
        value = value.replace("{registry}", REGISTRY).replace("{base_image}", this_machine().base_image)
        return value.replace("{faulty}", faulty_image() if "{faulty}" in value else "")
    return value


def by_hand(observer: Observer, step: list[str]) -> None:
    """What somebody does to the target beside Ansible."""
    if step == ["pause"]:
        kubectl("rollout", "pause", f"deployment/{NAME}")
    elif step == ["drift"]:
        patch = {
            "spec": {
                "template": {"spec": {"containers": [{"name": "api", "env": [{"name": "BY_HAND", "value": "1"}]}]}}
            }
        }
        kubectl("patch", f"deployment/{NAME}", "--patch", json.dumps(patch))
    elif step == ["ingress-path"]:
        change = [{"op": "replace", "path": "/spec/rules/0/http/paths/0/path", "value": "/elsewhere"}]
        kubectl("patch", f"ingress/{NAME}", "--type=json", "--patch", json.dumps(change))
    elif step == ["claim"]:
        api = {"name": "api", "resources": {"requests": {"memory": "80Mi"}}}
        spec = {"replicas": 2, "template": {"spec": {"containers": [api]}}}
        claim = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec}
        # It is a part of a Deployment, which kubectl by itself would take for a whole one.
        options = ("--server-side", "--force-conflicts", "--field-manager=somebody", "--validate=false")
        kubectl("apply", *options, "--filename=-", document=claim)
    else:
        kubectl("exec", observer.ready_pods()[0], "--container=mysql", "--", *step)


@contextmanager
def surroundings(fault: Fault) -> Iterator[tuple[dict[str, str], Callable[[str], None] | None]]:
    """Another way to the cluster, where the fault is one of that: variables, and who hears the run's lines."""
    if fault.get("lacks"):
        with kubeconfig_without(fault["lacks"], kubectl) as kubeconfig:
            yield {"app_kubeconfig": str(kubeconfig)}, None
    elif fault.get("api_server"):
        how, _, seconds = str(fault["api_server"]).partition(":")
        with ApiServer(KUBECTL, "well" if how == "away" else how) as server:
            waiting = [how == "away"]

            def hear(line: str) -> None:
                # In the middle of the rollout, once.
                if waiting[0] and re.search(r"\d/\d new", line):
                    waiting[0] = False
                    server.away(float(seconds))

            yield {"app_kubeconfig": str(server.kubeconfig)}, hear
    else:
        yield {}, None


def inject(fault: Fault, observer: Observer) -> dict[str, Any]:
    """Let one fault happen, and measure."""
    fault = filled(fault)
    before, revision, load = observer.objects(), observer.revision(), os.getloadavg()[0]
    for item in fault.get("objects", []):
        kubectl("apply", "-f", "-", document=item)
    during = fault.get("during")

    def act(pod: str) -> None:
        kubectl("exec", pod, "--container=mysql", "--", *(during or []))

    try:
        with (
            Users(INGRESS) as users,
            Watch(observer, fault.get("seen", "now"), revision, act if during else None) as watch,
            surroundings(fault) as (more, on_line),
        ):
            if fault.get("first"):
                by_hand(observer, fault["first"])
            if fault.get("left"):
                before = observer.objects()
            versions, kept = observer.versions(), observer.kept()
            began = time.monotonic()
            deploys = fault.get("play", "site.yml") == "site.yml"
            tags = ["--tags=deploy,verify"] if deploys else []
            variables = fault.get("variables", {}) | more
            run = playbook(fault.get("play", "site.yml"), variables, *tags, on_line=on_line)
            took = time.monotonic() - began
    finally:
        for item in fault.get("objects", []):
            kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", document=item)
    after, touched = observer.objects(), observer.versions() != versions or observer.kept() != kept
    if fault.get("fix") == "delete-pods":
        kubectl("delete", "pod", "--all", "--wait=false")
        playbook("site.yml", {}, "--tags=deploy")
    elif fault.get("fix") == "deploy":
        playbook("site.yml", {}, "--tags=deploy")
    elif fault.get("fix") == "release-claim":
        fixed = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
        kubectl("patch", f"deployment/{NAME}", "--type=json", "--patch", json.dumps(fixed))
    told = run.first(r"^(\s*✗|\[ERROR\]).*" + re.escape(fault.get("cause") or fault.get("refused") or "nothing"))
    seen = began if fault.get("seen") == "now" else watch.at
    said = fault.get("says", "")
    return {
        "name": fault["name"],
        "title": fault["title"],
        "expected": fault.get("cause") or fault.get("refused") or said or "repaired",
        "named": bool(told) if not fault.get("repaired") else run.rc == 0 and said in run.output,
        "seconds": round(told - seen, 1) if told and seen and fault.get("cause") else None,
        "took": round(took, 1),
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "load": round(load, 1),
        "users": len(users.answers),
        "users_failed": users.failed,
        "users_got": dict(users.failures),
        "users_outage": round(users.outage(), 1),
        "equal": after == before,
        "touched": touched,
        "differs": [name for name, item in after.items() if before.get(name) != item],
        "verified": verified(),
        "rc": run.rc,
        "output": run.output,
    }


def settle(observer: Observer, good: dict[str, Any], well: bool) -> None:
    """Before the next fault: what was deployed, and nobody on the way out, who would hold room or quota."""
    if not well or observer.objects() != good:
        restored = playbook("site.yml", {}, "--tags=deploy")
        if restored.rc:
            sys.exit(restored.output)
    deadline = time.monotonic() + 90
    while observer.view().leaving() and time.monotonic() < deadline:
        time.sleep(0.5)


def verified() -> bool:
    """Whether what runs now is what users should get, as the project itself verifies it."""
    return playbook("verify.yml", {}).rc == 0


def main(arguments: list[str]) -> int:
    """`build`, or `run all|quick|NAME,NAME`."""
    if arguments[:1] == ["build"]:
        build()
        return 0
    wanted = arguments[1]
    listed: list[Fault] = yaml.safe_load((HERE / "faults.yml").read_text(encoding="utf-8"))
    chosen = [
        item
        for item in listed
        if wanted == "all" or (item.get("quick") if wanted == "quick" else item["name"] in wanted.split(","))
    ]
    observer = Observer(KubeClient.from_kubeconfig(KUBECONFIG, CONTEXT))
    failed = 0
    good, well = observer.objects(), True
    for fault in chosen:
        settle(observer, good, well)
        result = inject(fault, observer)
        problems = broken(result, fault)
        failed += bool(problems)
        well = result["equal"] and result["verified"]
        mark = "FAILED" if problems else "ok"
        late = "" if result["seconds"] is None else f", {result['seconds']} s after it could be seen"
        users = f"{result['users'] - result['users_failed']} of {result['users']} users served"
        print(f"{mark}  {fault['name']}: {result['expected']}{late}; {users}; {'; '.join(problems)}", flush=True)
        if problems:
            print(result["output"], flush=True)
        if path := os.environ.get("FAULTS_RESULTS"):
            # After each: a run that is cut short has measured something, too.
            keep(Path(path), {key: value for key, value in result.items() if key != "output"} | {"problems": problems})
    return 1 if failed or not chosen else 0


def keep(path: Path, result: dict[str, Any]) -> None:
    """Put a result beside those of other faults, instead of an earlier one of its own."""
    kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    known = {item["name"]: item for item in kept} | {result["name"]: result}
    path.write_text(json.dumps(list(known.values()), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
