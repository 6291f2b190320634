"""The two that are compared: the script that one would write by hand, and this repository's site.yml."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"
PROGRAMS = CACHE / "root/usr/bin"
KUBECONFIG = "/var/lib/fastapi-mysql-k8s/kubeconfig"
REGISTRY = "127.0.0.1:5000"
BASE_IMAGE = f"{REGISTRY}/debian-python:12"
URL = "http://127.0.0.1:8080"
# Long enough to be found and replaced in a manifest without meeting anything else.
SETTING = "bench-setting-"


def call(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run to the end; wall-clock seconds and what was printed. What fails ends the measurement."""
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return seconds, done.stdout


@dataclass
class Contender:
    """One of the two, with sources, images and a namespace of its own."""

    name: str
    folder: Path
    replicas: int
    setting: int = 0
    skip_tags: str = ""

    def __post_init__(self) -> None:
        """Take a copy of the sources, and make images of its own from it."""
        for part in ("api", "db"):
            ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
            shutil.copytree(ROOT / part, self.folder / part, ignore=ignored)
        self.manifests.mkdir(mode=0o700)
        self.write_comment("api/main.py", "from the start")
        self.write_comment("db/schema.sql", "from the start")

    @property
    def manifests(self) -> Path:
        """Where its manifests are."""
        return self.folder / "manifests"

    @property
    def engine(self) -> dict[str, str]:
        """The environment of the Docker CLI and of kubectl."""
        return {
            "DOCKER_HOST": "unix:///run/fastapi-mysql-k8s/docker.sock",
            "DOCKER_CONFIG": str(CACHE / "docker-cli"),
            "KUBECONFIG": KUBECONFIG,
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        }

    def write_comment(self, file: str, text: str) -> None:
        """Add a line to a source (a path within its folder) that no other contender and no run before has written.

        The builder keeps what was made of the same content, whoever asked for it: who comes second would find it done.
        """
        with (self.folder / file).open("a", encoding="utf-8") as source:
            source.write(f"{'--' if file.endswith('.sql') else '#'} {self.folder}: {text}\n")

    def change_line(self, number: int) -> None:
        """Change one line of the API."""
        self.write_comment("api/main.py", f"round {number}")

    def change_requirements(self, number: int) -> None:
        """Change what nearly all layers of the API's image and all of the database's stand on."""
        for file in ("api/requirements.txt", "db/schema.sql"):
            self.write_comment(file, f"round {number}")

    def forget(self) -> None:
        """Remove what it has in cluster and registry, without measuring."""
        kubectl = [str(PROGRAMS / "kubectl"), "delete", "namespace", self.name, "--ignore-not-found"]
        call([*kubectl[:1], "delete", "deployment", "--all", "--namespace", self.name, "--grace-period=1"], self.engine)
        call(kubectl, self.engine)
        shutil.rmtree(CACHE / "registry/docker/registry/v2/repositories" / self.name, ignore_errors=True)
        listing = [
            str(PROGRAMS / "docker"),
            "image",
            "ls",
            "--quiet",
            "--filter",
            f"reference={REGISTRY}/{self.name}/*",
        ]
        if mine := sorted(set(call(listing, self.engine)[1].split())):
            call([str(PROGRAMS / "docker"), "image", "rm", "--force", *mine], self.engine)

    def run(self) -> tuple[float, str]:
        """From source to a verified deployment."""
        raise NotImplementedError


def build_files() -> dict[str, str]:
    """What pip needs inside a build on this machine, as inventory/local finds it."""
    configurations = [os.environ.get("PIP_CONFIG_FILE", ""), str(Path.home() / ".config/pip/pip.conf"), "/etc/pip.conf"]
    authorities = [os.environ.get("PIP_CERT", ""), os.environ.get("SSL_CERT_FILE", "")]
    return {
        "BUILD_CA": next((one for one in authorities if one and Path(one).is_file()), ""),
        "BUILD_PIP_CONF": next((one for one in configurations if one and Path(one).is_file()), ""),
    }


class Ours(Contender):
    """site.yml, with the default inventory."""

    def variables(self) -> dict[str, object]:
        """What makes the target its own."""
        return {
            "app_name": self.name,
            "app_namespace": self.name,
            "app_replicas": self.replicas,
            "app_ingress_host": f"{self.name}.test",
            "app_manifests_dir": str(self.manifests),
            "app_api_image_name": f"{self.name}/api",
            "app_db_image_name": f"{self.name}/db",
            "app_api_build_context": str(self.folder / "api"),
            "app_db_build_context": str(self.folder / "db"),
            "app_api_environment": {"SETTING": f"{SETTING}{self.setting}"},
            "app_db_password": "bench-password",
        }

    def run(self, **environment: str) -> tuple[float, str]:
        """One call of ansible-playbook, as a user makes it."""
        file = self.folder / "variables.json"
        file.write_text(json.dumps(self.variables()), encoding="utf-8")
        command = ["ansible-playbook", "-i", "inventory/local", "site.yml", "-e", f"@{file}"]
        if self.skip_tags:
            command.append(f"--skip-tags={self.skip_tags}")
        return call(command, {"PATH": self.engine["PATH"], **environment})


class ByHand(Contender):
    """by-hand.sh, with the manifests that ours has rendered."""

    def take_manifests(self, ours: Ours) -> None:
        """The same objects, under another name."""
        for file in ours.manifests.glob("*.yml"):
            text = file.read_text(encoding="utf-8").replace(ours.name, self.name)
            (self.manifests / file.name).write_text(text, encoding="utf-8")

    def run(self) -> tuple[float, str]:
        """One call of the script."""
        deployment = self.manifests / "my-deployment-eval.yml"
        text = deployment.read_text(encoding="utf-8")
        deployment.write_text(re.sub(rf"{SETTING}\d+", f"{SETTING}{self.setting}", text), encoding="utf-8")
        own = {
            "DOCKER": str(PROGRAMS / "docker"),
            "KUBECTL": str(PROGRAMS / "kubectl"),
            "REGISTRY": REGISTRY,
            "BASE_IMAGE": BASE_IMAGE,
            "API_NAME": f"{self.name}/api",
            "DB_NAME": f"{self.name}/db",
            "API_FOLDER": str(self.folder / "api"),
            "DB_FOLDER": str(self.folder / "db"),
            "MANIFESTS": str(self.manifests),
            "NAMESPACE": self.name,
            "DEPLOYMENT": self.name,
            "URL": URL,
            "HOST": f"{self.name}.test",
        }
        return call([str(Path(__file__).with_name("by-hand.sh"))], self.engine | own | build_files())
