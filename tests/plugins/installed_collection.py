"""The collection, built as `make collection` does and installed beside a repository of a user's own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"
# Where nobody responds: whoever asks Galaxy all the same fails.
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Installed:
    """A folder of a user's own, and the collection beside it."""

    collections: Path
    tarball: Path

    @property
    def home(self) -> Path:
        return self.collections / "ansible_collections/fastapi_mysql/k8s"

    def run(self, folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of Ansible's programs in a folder, with no configuration but what is there."""
        own = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_GALAXY_SERVER": NOWHERE,
            "ANSIBLE_NOCOLOR": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"}
        return subprocess.run(
            command,
            cwd=folder,
            env=inherited | own | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )

    def playbook(self, folder: Path, name: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of the collection's playbooks by its full name."""
        return self.run(folder, "ansible-playbook", f"fastapi_mysql.k8s.{name}", *options, **environment)


def install(folder: Path) -> Installed:
    """Build it from this checkout and install it below a folder, without a network."""
    call = ["make", "--no-print-directory", "--assume-old=.venv/deploy", "collection", f"DEST={folder}"]
    subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    [tarball] = folder.glob("fastapi_mysql-k8s-*.tar.gz")
    installed = Installed(folder / "collections", tarball)
    place = str(installed.collections)
    done = installed.run(folder, "ansible-galaxy", "collection", "install", str(tarball), "-p", place)
    assert done.returncode == 0, done.stdout + done.stderr
    return installed
