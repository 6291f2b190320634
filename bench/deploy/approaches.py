"""What is compared: this repository's site.yml, a script written by hand, Helm, and plain Ansible."""

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
# The Go module that Helm is compiled from, once, where there is a Go toolchain.
HELM = "helm.sh/helm/v4/cmd/helm@v4.3.2"
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
class Approach:
    """One of the three, with sources, images and a namespace of its own."""

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
        """Add a line to a source (a path within its folder) that no other approach and no run before has written.

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
        """From source to a verified deployment: wall-clock seconds, and what was printed."""
        raise NotImplementedError

    def play(self, *arguments: str, variables: dict[str, object], environment: dict[str, str]) -> tuple[float, str]:
        """One call of ansible-playbook, as a user makes it: wall-clock seconds, and what was printed."""
        file = self.folder / "variables.json"
        file.write_text(json.dumps(variables), encoding="utf-8")
        return call(["ansible-playbook", *arguments, "-e", f"@{file}"], {"PATH": self.engine["PATH"], **environment})


def build_secrets() -> dict[str, str]:
    """The files that pip needs inside a build on this machine, by the secret's id, as inventory/local finds them."""
    found = {
        "ca": [os.environ.get("PIP_CERT"), os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"],
        "pip_conf": [os.environ.get("PIP_CONFIG_FILE"), str(Path.home() / ".config/pip/pip.conf"), "/etc/pip.conf"],
    }
    there = {name: next((one for one in files if one and Path(one).is_file()), "") for name, files in found.items()}
    return {name: file for name, file in there.items() if file}


class Ours(Approach):
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
            "evidence_dir": str(self.folder / "evidence"),
        }

    def run(self, **environment: str) -> tuple[float, str]:
        """One call of site.yml."""
        skip = [f"--skip-tags={self.skip_tags}"] if self.skip_tags else []
        return self.play(
            "-i", "inventory/local", "site.yml", *skip, variables=self.variables(), environment=environment
        )


class Given(Approach):
    """One that is given its manifests: those that ours has rendered."""

    @property
    def deployment(self) -> Path:
        """The manifest that names the images and holds the setting."""
        return self.manifests / "my-deployment-eval.yml"

    def take_manifests(self, ours: Ours) -> None:
        """The same objects, under another name."""
        for file in ours.manifests.glob("*.yml"):
            text = file.read_text(encoding="utf-8").replace(ours.name, self.name)
            (self.manifests / file.name).write_text(text, encoding="utf-8")

    def leave_images_open(self, text: str, by: str) -> str:
        """A manifest with `by` in place of its images; in it, `\\2` is the part (api, db)."""
        return re.sub(rf"^( *image: ).*{self.name}/(api|db)@.*$", rf"\1{by}", text, flags=re.MULTILINE)

    def write_setting(self) -> None:
        """Put the setting as it is now into the manifest, without measuring."""
        text = self.deployment.read_text(encoding="utf-8")
        self.deployment.write_text(re.sub(rf"{SETTING}\d+", f"{SETTING}{self.setting}", text), encoding="utf-8")


class Script(Given):
    """A script that builds and pushes both images, deploys in its own way, and requests two endpoints."""

    script = ""

    def own(self) -> dict[str, str]:
        """What only this script wants to know."""
        return {}

    def run(self) -> tuple[float, str]:
        """One call of the script."""
        self.write_setting()
        shared = {
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
        secrets = {f"BUILD_{name.upper()}": file for name, file in build_secrets().items()}
        return call([str(Path(__file__).with_name(self.script))], self.engine | shared | secrets | self.own())


class ByHand(Script):
    """by-hand.sh."""

    script = "by-hand.sh"


class Helm(Script):
    """by-helm.sh, with a chart of the same objects."""

    script = "by-helm.sh"

    @staticmethod
    def program() -> Path | None:
        """Helm, compiled from its module; None where there is no Go."""
        folder = CACHE / "bench" / HELM.rpartition("@")[2]
        if not (folder / "helm").is_file():
            if not shutil.which("go"):
                return None
            call(["go", "install", HELM], {"GOBIN": str(folder), "CGO_ENABLED": "0"})
        return folder / "helm"

    @property
    def chart(self) -> Path:
        """The chart's folder."""
        return self.folder / "chart"

    @property
    def deployment(self) -> Path:
        """The template that names the images and holds the setting."""
        return self.chart / "templates/my-deployment-eval.yml"

    def take_manifests(self, ours: Ours) -> None:
        """The same objects as templates, whose images are values; the namespace is Helm's to make."""
        super().take_manifests(ours)
        (self.chart / "templates").mkdir(parents=True)
        (self.chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {self.name}\nversion: 1.0.0\n", encoding="utf-8")
        for file in self.manifests.glob("*.yml"):
            text = self.leave_images_open(file.read_text(encoding="utf-8"), r"{{ .Values.\2 }}")
            documents = [one for one in re.split(r"^---$", text, flags=re.MULTILINE) if "kind: Namespace" not in one]
            (self.chart / "templates" / file.name).write_text("---".join(documents), encoding="utf-8")

    def own(self) -> dict[str, str]:
        """Where Helm and the chart are."""
        return {"HELM": str(self.program()), "CHART": str(self.chart)}


class Plain(Given):
    """plain.yml, whose manifests are templates that leave the images open."""

    def take_manifests(self, ours: Ours) -> None:
        """The same objects, under another name, with a variable for each image."""
        super().take_manifests(ours)
        text = self.deployment.read_text(encoding="utf-8")
        self.deployment.write_text(self.leave_images_open(text, r'"{{ \2_image }}"'), encoding="utf-8")

    def variables(self) -> dict[str, object]:
        """What plain.yml wants to know."""
        return {
            "images": [
                {"name": f"{REGISTRY}/{self.name}/{part}", "folder": str(self.folder / part)} for part in ("api", "db")
            ],
            "base_image": BASE_IMAGE,
            "build_secrets": [{"id": name, "type": "file", "src": file} for name, file in build_secrets().items()],
            "docker_cli": str(PROGRAMS / "docker"),
            "docker_host": self.engine["DOCKER_HOST"],
            "kubeconfig": KUBECONFIG,
            "manifests": str(self.manifests),
            "url": URL,
            "host": f"{self.name}.test",
        }

    def run(self) -> tuple[float, str]:
        """One call of the playbook, with nothing of ours but ansible.cfg's pipelining."""
        self.write_setting()
        return self.play(
            "-i",
            "localhost,",
            str(Path(__file__).with_name("plain.yml")),
            variables=self.variables(),
            environment=self.engine | {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"},
        )
