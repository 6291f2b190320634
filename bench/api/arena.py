"""Servers and a database in containers that share a loopback and nothing else, and a load on them."""

import json
import os
import subprocess
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
DOCKER: Final = os.environ.get("DOCKER", "docker")
PLACE: Final = {"MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": "3306", "MYSQL_USER": "app", "MYSQL_DATABASE": "Main"}
UVICORN: Final = ("python", "-m", "uvicorn", "--app-dir", "/usual", "usual:server", "--host", "127.0.0.1")


class Server(NamedTuple):
    """What runs in a container: where it listens, how it is started."""

    port: int
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


# The first is started as the usual solution is: uvicorn with no more than it brings along.
SERVERS: Final = {
    "usual": Server(8001, (*UVICORN, "--loop", "asyncio", "--http", "h11", "--port", "8001")),
    "usual, on our server": Server(
        8002, (*UVICORN, "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--port", "8002")
    ),
    "API, each its own query": Server(8003, (), ("API_PORT=8003", "API_BATCH=1")),
    "API": Server(8004, (), ("API_PORT=8004",)),
}


class DockerError(SystemExit):
    """What ends a script with one line, unless it is expected."""


def docker(*arguments: str, **environment: str) -> str:
    """Run the docker command line and return what it prints; secrets travel in the environment."""
    done = subprocess.run(
        [DOCKER, *arguments], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DockerError(f"docker {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def build() -> dict[str, str]:
    """Build the images and return their names."""
    base, network = os.environ.get("BASE_IMAGE"), os.environ.get("BUILD_NETWORK")
    common = ["buildx", "build", "--quiet", "--load", *([f"--network={network}"] if network else [])]
    common += [f"--build-arg=BASE_IMAGE={base}"] if base else []
    ca, conf = os.environ.get("BUILD_CA") or os.environ.get("PIP_CERT"), os.environ.get("BUILD_PIP_CONF")
    secrets = [f"--secret=id={name},src={file}" for name, file in (("ca", ca), ("pip_conf", conf)) if file]
    images = {name: f"fastapi-mysql-{name}:bench" for name in ("api", "db", "compared", "load")}
    docker(*common, *secrets, "--tag", images["api"], str(ROOT / "api"))
    docker(*common, "--tag", images["db"], str(ROOT / "db"))
    docker(
        *(*common, f"--build-arg=API_IMAGE={images['api']}", "--target", "compared"),
        *("--tag", images["compared"], str(HERE)),
    )
    docker(*common, "--target", "load", "--tag", images["load"], str(HERE))
    return images


class Arena:
    """All the containers; they end with it."""

    def __init__(self, servers: dict[str, Server]) -> None:
        """Build what is needed, start nothing yet."""
        self.images = build()
        self.servers = servers
        self.name = f"bench-api-{uuid.uuid4().hex[:8]}"
        self.secrets = {"MYSQL_ROOT_PASSWORD": uuid.uuid4().hex, "MYSQL_PASSWORD": uuid.uuid4().hex}

    def _run(self, name: str, *arguments: str) -> None:
        # The load's container outlives the database, whose restarts must not take the loopback along.
        network = "none" if name == "ground" else f"container:{self.container('ground')}"
        variables = [part for variable in (*self.secrets, *PLACE) for part in ("--env", variable)]
        docker(
            *("run", "--detach", "--name", self.container(name), "--network", network, "--read-only"),
            *("--tmpfs", "/tmp", *(variables if name != "ground" else []), *arguments),
            **self.secrets,
            **PLACE,
        )

    def __enter__(self) -> Self:
        """Start the database and the servers, and wait until all of them answer."""
        self._run("ground", "--init", "--entrypoint", "sleep", self.images["load"], "infinity")
        self._run(
            *("database", "--tmpfs", "/var/lib/mysql:uid=10002,gid=10002"),
            *("--tmpfs", "/run/mysqld:uid=10002,gid=10002", self.images["db"]),
        )
        for name, server in self.servers.items():
            own = [f"--env={variable}" for variable in server.environment]
            self._run(name, "--cpus", "1", "--memory", "256m", *own, self.images["compared"], *server.command)
        for name in self.servers:
            deadline = time.monotonic() + 60
            while not self.answers(name):
                if time.monotonic() > deadline:
                    raise SystemExit(f"{name} does not answer: {docker('logs', self.container(name))[-500:]}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the containers."""
        names = [self.container(name) for name in (*self.servers, "database", "ground")]
        subprocess.run([DOCKER, "rm", "--force", *names], check=False, capture_output=True)

    def container(self, name: str) -> str:
        """Return the container's name."""
        return f"{self.name}-{list(self.servers).index(name) if name in self.servers else name}"

    def answers(self, server: str) -> bool:
        """Say whether a server answers from the database, and let it warm up."""
        try:
            found = self.load(server, "/users", 1, 8)
        except DockerError:
            # Nobody listens there yet.
            return False
        return bool(found["requests"] and not found["errors"])

    def load(self, server: str, path: str, seconds: int, connections: int, rate: float = 0) -> dict[str, Any]:
        """Return what wrk measured; with a rate, that many requests a second are asked."""
        url = f"http://127.0.0.1:{self.servers[server].port}{path}"
        variables = [f"--env=CONNECTIONS={connections}", *([f"--env=RATE={rate:.1f}"] if rate else [])]
        output = docker(
            *(
                "exec",
                "--env=STATUSES",
                *variables,
                self.container("ground"),
                "wrk",
                "--script",
                "/load.lua",
                "--threads",
                "1",
            ),
            *("--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s", url),
        )
        measured: dict[str, Any] = json.loads(output.splitlines()[-1])
        return measured | {"per_second": round(measured["requests"] / measured["seconds"], 1)}

    def memory(self, server: str) -> float:
        """Return the memory that a server's container uses, in MB, as Docker counts it."""
        text = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", self.container(server)).split("/")[0].strip()
        number, unit = float(text.rstrip("KMGiB")), text.lstrip("0123456789.")
        return round(number * {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}[unit] / 1e6, 1)

    def sql(self, statement: str) -> str:
        """Ask the database as root."""
        return docker(
            *("exec", "--env", "MYSQL_PWD", self.container("database"), "mysql", "--user=root", "--batch"),
            *("--skip-column-names", f"--execute={statement}"),
            MYSQL_PWD=self.secrets["MYSQL_ROOT_PASSWORD"],
        )
