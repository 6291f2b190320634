"""Run the playbooks as a user does, for targets that only a test knows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.distributions import this_machine

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"
PROGRAMS = CACHE / "root" / "usr" / "bin"
# Compiled with the newest Kubernetes, the distribution's with the oldest.
REGISTRY_PROGRAM = next(filter(Path.exists, [CACHE / "programs/registry/registry", PROGRAMS / "docker-registry"]), PROGRAMS)
KUBECONFIG = Path("/var/lib/fastapi-mysql-k8s/kubeconfig")
CONTEXT = "embedded"
DOCKER_HOST = "unix:///run/fastapi-mysql-k8s/docker.sock"
REGISTRY = "127.0.0.1:5000"
DOCKER_CONFIG = CACHE / "docker-cli"
BASE_IMAGE = f"{REGISTRY}/{this_machine().base_image}"
INGRESS = "http://127.0.0.1:8080"

_RECAP = re.compile(r"^\S+\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What became of one call of ansible-playbook."""

    rc: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def errors(self) -> list[str]:
        """The lines that are marked as errors."""
        return [line for line in self.output.splitlines() if line.startswith("[ERROR]")]

    @property
    def changed(self) -> int:
        """How many changes the recap counts; -1 without a recap."""
        found = _RECAP.search(self.output)
        return int(found[2]) if found else -1

    def succeeded(self) -> Run:
        assert self.rc == 0, self.output
        return self


@dataclass
class Target:
    """A target with an inventory of its own, which says nothing of the platform."""

    name: str
    folder: Path
    variables: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return str(self.variables["app_namespace"])

    @property
    def manifests(self) -> Path:
        return Path(self.variables["app_manifests_dir"])

    @property
    def images(self) -> str:
        """What the names of its images begin with."""
        return str(self.variables["app_api_image_name"]).removesuffix("api")

    @property
    def host(self) -> str:
        return str(self.variables["app_ingress_host"])

    def playbook(self, name: str = "site.yml", *options: str, **variables: Any) -> Run:
        """Run a playbook for this target alone; `variables` are set beside or instead of its own."""
        return playbook(name, self.inventory(variables), *options, environment=self.environment)

    def make(self, goal: str, *options: str, **variables: Any) -> Run:
        """The same by way of make, which must not renew the environment that the tests run in."""
        arguments = " ".join(["-i", str(self.inventory(variables)), *options])
        return run(["make", "--no-print-directory", "--assume-old=.venv/deploy", goal, f"ARGS={arguments}"])

    def inventory(self, variables: Mapping[str, Any]) -> Path:
        """An inventory of one file, for its owner only."""
        written = self.folder / f"{self.name}.yml"
        content = {"all": {"hosts": {self.name: self.variables | variables}}}
        written.write_text(json.dumps(content), encoding="utf-8")
        written.chmod(0o600)
        return written


def playbook(
    name: str, inventory: Path, *options: str, environment: Mapping[str, str] | None = None, folder: Path = ROOT
) -> Run:
    """Run ansible-playbook from the root of the repository, or of a copy of it, as its README writes it."""
    return run(["ansible-playbook", "-i", str(inventory), name, *options], environment, folder)


def run(command: list[str], environment: Mapping[str, str] | None = None, folder: Path = ROOT) -> Run:
    """Run a command as somebody does who has activated the environment."""
    own = {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(os.environ) | own | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def docker(*arguments: str) -> str:
    """Ask the platform's Docker engine."""
    own = {"DOCKER_HOST": DOCKER_HOST, "DOCKER_CONFIG": str(DOCKER_CONFIG)}
    command = [str(PROGRAMS / "docker"), *arguments]
    return subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=True, timeout=60).stdout


def kubectl(*arguments: str) -> str:
    """Run kubectl against the platform's cluster."""
    command = [str(PROGRAMS / "kubectl"), f"--kubeconfig={KUBECONFIG}", f"--context={CONTEXT}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_secrets() -> list[dict[str, str]]:
    """What pip needs inside a build on this machine, as inventory/local finds it."""
    configurations = [os.environ.get("PIP_CONFIG_FILE", ""), str(Path.home() / ".config/pip/pip.conf"), "/etc/pip.conf"]
    files = {
        "ca": os.environ.get("SSL_CERT_FILE", ""),
        "pip_conf": next((one for one in configurations if one and Path(one).is_file()), ""),
    }
    return [{"id": name, "type": "file", "src": path} for name, path in files.items() if path]


def copy_context(name: str, folder: Path) -> Path:
    """A copy of one of the repository's build contexts, without what Python leaves in it."""
    copied = folder / name
    shutil.copytree(ROOT / name, copied, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    return copied


def little_context(folder: Path, dockerfile: str = "FROM scratch\nCOPY word /\n") -> Path:
    """A context whose build would take a moment only, for runs that must not get so far."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (folder / "word").write_text(folder.as_posix(), encoding="utf-8")
    return folder
