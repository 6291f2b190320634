"""Where the platform under test is: the default one, or the one that the file $PLATFORM_VARIABLES describes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
INVENTORY = REPOSITORY / "molecule/default/inventory"

_FILE = os.environ.get("PLATFORM_VARIABLES", "")
_DEFAULTS: dict[str, Any] = yaml.safe_load((REPOSITORY / "roles/platform_base/defaults/main.yml").read_text())
VARIABLES: dict[str, Any] = _DEFAULTS | (json.loads(Path(_FILE).read_text()) if _FILE else {})
NAME = str(VARIABLES["platform_base_network_namespace"])
STATE, RUN = Path(VARIABLES["platform_base_state_dir"]), Path(VARIABLES["platform_base_run_dir"])
KUBECONFIG = str(VARIABLES["platform_base_kubeconfig"])
# What ansible-playbook is told beside its inventory, which is molecule's: there, an account of its own deploys.
OPTIONS = ["-e", json.dumps({"app_kubeconfig": KUBECONFIG, "evidence_dir": str(REPOSITORY / "evidence")})]
OPTIONS += ["-e", f"@{_FILE}"] if _FILE else []
SUPERVISOR = str(RUN / "supervisor.sock")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"
REGISTRY_PORT, API_PORT, INGRESS_PORT = (
    int(VARIABLES[f"platform_base_{name}_port"]) for name in ("registry", "api_server", "ingress")
)
REGISTRY = f"127.0.0.1:{REGISTRY_PORT}"
RANGES = [str(VARIABLES["platform_base_pod_range"]), str(VARIABLES["platform_base_service_range"])]


def ip(*arguments: str, inside: bool = False) -> subprocess.CompletedProcess[str]:
    """Run ip(8) on the machine, or in the platform's network namespace; a bare machine has only the platform's."""
    root = CACHE / "root"
    folders = [f"{root}/usr/sbin", f"{root}/sbin", f"{root}/bin", os.environ["PATH"], "/usr/sbin", "/sbin"]
    libraries = f"{root}/usr/lib/{os.uname().machine}-linux-gnu"
    enter = ["nsenter", f"--net=/run/netns/{NAME}", "--"] if inside else []
    return subprocess.run(
        [*enter, "ip", *arguments],
        env=os.environ | {"PATH": ":".join(folders), "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        text=True,
        check=False,
    )


def platform_pids() -> dict[int, str]:
    """Every process in the platform's control group, with the name of its program."""
    found = {}
    for procs in Path("/sys/fs/cgroup").glob(f"**/{NAME}/**/cgroup.procs"):
        # Processes, and groups of them, come and go while they are listed.
        with contextlib.suppress(OSError):
            for line in procs.read_text().split():
                with contextlib.suppress(OSError):
                    found[int(line)] = Path(f"/proc/{line}/comm").read_text().strip()
    return found
