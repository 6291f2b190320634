"""Ask the platform whether it is up and well."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.objects.conditions import holds
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.platform import probe

# platform_pki renews what has less than 60 days left: looked at this often, nothing ever has less than 30.
LOOK_DAYS = 30
REPOSITORY = Path(__file__).resolve().parents[2]


def fingerprint(release: str) -> str:
    """SHA-256 over everything that makes the platform what it is: its release, its roles and its modules."""
    digest = hashlib.sha256(release.encode())
    files = [
        *REPOSITORY.glob("roles/platform_*/**/*"),
        *REPOSITORY.glob("platform/**/*"),
        *REPOSITORY.glob("plugins/modules/platform_*.py"),
    ]
    for file in sorted(file for file in files if file.is_file()):
        digest.update(f"{file.relative_to(REPOSITORY)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def release_of(state_dir: Path) -> str:
    """The release of Kubernetes that the platform's content is of; nothing where there is none yet."""
    noted = state_dir / "release"
    if noted.exists():
        return noted.read_text().strip()
    # Before there was a choice, and so a note.
    return "1.20" if (state_dir / "etcd").exists() else ""


def stamped(stamp: Path, version: str, now: datetime) -> list[str]:
    """What the note says that the last run left which brought the platform up: by which roles, and when."""
    made_by, _, day = (stamp.read_text() if stamp.exists() else "").strip().partition(" ")
    if made_by != version:
        return ["it was not completed, or it was made by another version of the roles"]
    try:
        age = now - datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        return ["nobody knows when its certificates were last looked at"]
    return [f"its certificates were last looked at on {day}"] if age > timedelta(days=LOOK_DAYS) else []


def ailments(arguments: dict[str, Any], programs: dict[str, str], version: str) -> list[str]:
    """What is not as it should be, in words; nothing when the platform is well."""
    if not programs:
        return ["it is not running"]
    found = [f"{name} is {state}" for name, state in programs.items() if state != "RUNNING"]
    found += stamped(Path(arguments["state_dir"], "fingerprint"), version, datetime.now(UTC))
    if probe.unix_status(f"{arguments['run_dir']}/docker.sock", "/_ping") != 200:
        found.append("Docker does not respond")
    # It must answer, with a certificate of the platform's authority, and let nobody in who does not log in.
    authority = Path(arguments["state_dir"], "registry", "ca.crt")
    if probe.loopback_status(arguments["registry_port"], "/v2/", authority) != HTTPStatus.UNAUTHORIZED:
        found.append("the registry does not respond")
    if probe.loopback_status(arguments["ingress_port"], "/") is None:
        found.append("the Ingress controller does not respond")
    authority = Path(arguments["state_dir"], "ingress", "ca.crt")
    if probe.loopback_status(arguments["ingress_tls_port"], "/", authority) is None:
        found.append("the Ingress controller does not respond to HTTPS")
    if found:
        return found
    try:
        with KubeClient.from_kubeconfig(arguments["kubeconfig"]) as client:
            nodes = client.get("/api/v1/nodes")["items"]
    except KubeError as error:
        return [str(error)]
    ready = [node for node in nodes if holds(node, "Ready")]
    return [] if ready else ["its node is not ready"]


class ActionModule(PlainAction):
    """Looks only."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "state_dir": {"type": "path", "required": True},
        "run_dir": {"type": "path", "required": True},
        "registry_port": {"type": "int", "required": True},
        "ingress_port": {"type": "int", "required": True},
        "ingress_tls_port": {"type": "int", "required": True},
        "kubeconfig": {"type": "path", "required": True},
        "release": {"type": "str", "required": True},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return C(running), C(healthy), C(ailments), C(fingerprint) and C(release)."""
        programs = probe.supervised(f"{arguments['run_dir']}/supervisor.sock")
        version = fingerprint(arguments["release"])
        found = ailments(arguments, programs, version)
        return {
            "changed": False,
            "running": bool(programs),
            "healthy": not found,
            "ailments": found,
            "fingerprint": version,
            "release": release_of(Path(arguments["state_dir"])),
        }
