"""Containers of the database image, driven with the docker command line."""

import os
import subprocess
import time
import uuid
from pathlib import Path

DOCKER = os.environ.get("DOCKER", "docker")
IMAGE = os.environ.get("DB_IMAGE", "fastapi-mysql-db:test")
CONTEXT = Path(__file__).resolve().parents[2] / "db"
PREFIX = f"db-test-{uuid.uuid4().hex[:10]}"
ROOT_PASSWORD = "root's own"


def docker(
    *arguments: str, environment: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the command line; secrets travel in the environment, not in its arguments."""
    return subprocess.run(
        [DOCKER, *arguments],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


def must(*arguments: str, environment: dict[str, str] | None = None, timeout: float = 120) -> str:
    """Run the command line and return what it printed."""
    done = docker(*arguments, environment=environment, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Server:
    """One container of the image: read-only, without network, with a Pod's limits."""

    def __init__(self, volume: str | None = None, *options: str, **environment: str):
        self.name = f"{PREFIX}-{uuid.uuid4().hex[:8]}"
        self.port = environment.get("MYSQL_TCP_PORT", "3306")
        self.root_password = environment.get("MYSQL_ROOT_PASSWORD", ROOT_PASSWORD)
        environment.setdefault("MYSQL_ROOT_PASSWORD", ROOT_PASSWORD)
        variables = [part for name in environment for part in ("--env", name)]
        data = ["--volume", f"{volume}:/var/lib/mysql"] if volume else ["--tmpfs", "/var/lib/mysql:uid=10002,gid=10002"]
        must(
            *("run", "--detach", "--name", self.name, "--label", PREFIX),
            *("--network", "none", "--read-only", "--memory", "256m"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--tmpfs", "/tmp", "--tmpfs", "/run/mysqld:uid=10002,gid=10002"),
            *data,
            *variables,
            *options,
            IMAGE,
            environment=environment,
        )

    def sql(self, statement: str, user: str = "root", password: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a statement the way a probe does."""
        secret = self.root_password if password is None else password
        return docker(
            *("exec", "--env", "MYSQL_PWD", self.name),
            *("mysql", "--host=127.0.0.1", f"--port={self.port}", f"--user={user}"),
            *("--connect-timeout=2", "--batch", "--skip-column-names"),
            f"--execute={statement}",
            environment={"MYSQL_PWD": secret},
        )

    def answer(self, statement: str, user: str = "root", password: str | None = None) -> str:
        """Return what the statement selects."""
        done = self.sql(statement, user, password)
        assert done.returncode == 0, done.stderr + self.log()
        return done.stdout.strip()

    def ready(self, seconds: float = 120) -> "Server":
        """Wait until root can read the table."""
        deadline = time.monotonic() + seconds
        while self.sql("SELECT 1 FROM Main.Users LIMIT 1").returncode:
            assert self.running(), self.log()
            assert time.monotonic() < deadline, self.log()
        return self

    def running(self) -> bool:
        """Say whether the container runs."""
        return self.inspect("{{.State.Running}}") == "true"

    def inspect(self, template: str) -> str:
        """Return what the engine knows about the container."""
        return must("inspect", "--format", template, self.name).strip()

    def log(self) -> str:
        """Return what the container printed."""
        done = docker("logs", self.name)
        return done.stdout + done.stderr

    def shell(self, script: str) -> str:
        """Run a script beside the server."""
        return must("exec", self.name, "sh", "-c", script).strip()

    def wait(self) -> int:
        """Return the exit status, once there is one."""
        return int(must("wait", self.name, timeout=120))

    def remove(self) -> None:
        """Leave nothing of the container."""
        docker("rm", "--force", "--volumes", self.name)


class Servers:
    """Makes servers and volumes, and knows which."""

    def __init__(self) -> None:
        self._made: list[Server] = []
        self._volumes: list[str] = []

    def __call__(self, volume: str | None = None, *options: str, **environment: str) -> Server:
        """Start a server."""
        server = Server(volume, *options, **environment)
        self._made.append(server)
        return server

    def volume(self) -> str:
        """Make an empty volume."""
        name = f"{PREFIX}-{uuid.uuid4().hex[:8]}"
        must("volume", "create", "--label", PREFIX, name)
        self._volumes.append(name)
        return name

    def remove(self) -> None:
        """Remove all of them."""
        for server in self._made:
            server.remove()
        for volume in self._volumes:
            docker("volume", "rm", "--force", volume)
