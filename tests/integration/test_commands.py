"""The commands that the documents show, run as they are written, against a deployment of the tests' own."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
import yaml
from playbook_runner import CACHE, DOCKER_HOST, KUBECONFIG, PROGRAMS, ROOT

from conftest import Deployed

TABLE: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/docs/commands.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("entry", [one for one in TABLE if "run" in one], ids=lambda one: one["command"][:40])
def test_it_does_what_it_says(entry: dict[str, Any], deployed: Deployed) -> None:
    command = str(entry["command"])
    if command.startswith("kubectl"):
        # Another namespace, another kubeconfig; and nothing is made that would have to be removed again.
        command = command.replace("-n fastapi-mysql", f"-n {deployed.target.namespace}")
        command = command.replace("-n …", f"-n {deployed.target.namespace}").replace("~/.kube/k3s", str(KUBECONFIG))
        command = command.replace("$HOME/.docker", str(CACHE / "docker-cli"))
        command += f" -n {deployed.target.namespace}" if " -n " not in command and "describe" in command else ""
        command += " --dry-run=client" if entry["run"] == "dry" else ""
    elif command.startswith("curl"):
        command += f" --fail --header 'Host: {deployed.target.host}'"
    elif command.startswith((". ", "export ")):
        # They say nothing: that they leave an environment in which one can go on is seen by what comes next.
        command += " && command -v make"
    environment = os.environ | {
        "PATH": f"{ROOT / '.venv/bin'}:{PROGRAMS}:{os.environ['PATH']}",
        "KUBECONFIG": str(KUBECONFIG),
        "DOCKER_HOST": DOCKER_HOST,
        "DOCKER_CONFIG": str(CACHE / "docker-cli"),
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
