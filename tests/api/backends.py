"""The API as its users run it, and a MariaDB that can be stopped, killed and frozen."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import MySQLdb

HERE = Path(__file__).parent
# Where the image has the API.
SOURCE = os.environ.get("API_SOURCE", "/app")
ROWS = [
    (1, "August", "august@example.com"),
    (2, "Linda", "linda@example.com"),
    (3, "Žofie 🔑 O'Hara", 'zofie"\\@example.com'),
]
UNAVAILABLE = {"detail": "The database is not available"}
RETRY_AFTER = "1"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> float:
    """Wait for the condition and return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"waited in vain: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


class MariaDB:
    """A server with a data directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.data = directory / "data"
        self.socket = directory / "socket"
        self.log = directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={self.data}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.start()
        self.sql("CREATE DATABASE Main CHARACTER SET utf8mb4")
        self.sql(
            "CREATE TABLE Main.Users (id INT PRIMARY KEY AUTO_INCREMENT,"
            " username VARCHAR(64) NOT NULL, email VARCHAR(254) NOT NULL) ENGINE=Aria"
        )
        # Aria keeps rows as they came: the order of the answer is the API's work.
        for row in reversed(ROWS):
            self.sql("INSERT INTO Main.Users VALUES (%s, %s, %s)", *row)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *("mariadbd", "--no-defaults", f"--datadir={self.data}"),
                    *(f"--socket={self.socket}", f"--port={self.port}"),
                    *("--bind-address=127.0.0.1", "--skip-name-resolve"),
                    *("--innodb-buffer-pool-size=16M", "--innodb-use-native-aio=OFF"),
                    *("--max-connections=60", "--tmpdir=/tmp"),
                ],
                stderr=log,
            )
        until(self.answers, "MariaDB")

    def connect(self) -> Any:
        """Return a connection of root's."""
        return MySQLdb.connect(
            unix_socket=str(self.socket),
            user="root",
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
        )

    def answers(self) -> bool:
        """Say whether root can connect."""
        try:
            self.connect().close()
        except MySQLdb.OperationalError:
            return False
        return True

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as root."""
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def user(self, name: str, password: str) -> None:
        """Make an account that reads the table."""
        self.sql("CREATE OR REPLACE USER %s@'%%' IDENTIFIED BY %s", name, password)
        self.sql("GRANT SELECT ON Main.* TO %s@'%%'", name)

    def connections(self, name: str) -> list[int]:
        """Return the ids of the user's connections."""
        rows = self.sql("SELECT id FROM information_schema.processlist WHERE user = %s", name)
        return [row[0] for row in rows]

    def waiting(self, name: str) -> int:
        """Return how many of the user's queries wait for a lock."""
        rows = self.sql(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s AND state LIKE %s",
            name,
            "Waiting for table%",
        )
        return int(rows[0][0])

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the table, so that who reads it waits."""
        with contextlib.closing(self.connect()) as connection:
            connection.cursor().execute("LOCK TABLES Main.Users WRITE")
            yield

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the server, with SIGTERM or harder."""
        assert self.process
        self.send(signal.SIGCONT)
        self.send(number)
        self.process.wait(30)
        self.process = None

    def fix(self) -> None:
        """Bring the server back from whatever a test did."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        self.send(signal.SIGCONT)
        until(self.answers, "MariaDB")


@dataclass
class Answer:
    """What a client got."""

    status: int
    text: str
    headers: http.client.HTTPMessage
    seconds: float

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)

    def is_unavailable(self) -> bool:
        """Say whether this is the one and only answer for an absent database."""
        return (self.status, self.json, self.headers["Retry-After"]) == (503, UNAVAILABLE, RETRY_AFTER)


class Api:
    """The API as a process, started like in its image, with coverage measured."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.port = free_port()
        self.log = directory / f"api-{self.port}.log"
        self.pool = ThreadPoolExecutor(120)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MYSQL")}
        command = [sys.executable, "-m", "coverage", "run"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, f"--rcfile={HERE}/coverage.ini", "serve.py"],
                cwd=SOURCE,
                env=clean | {"API_PORT": str(self.port)} | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def ready(self) -> "Api":
        """Wait until the database answers through the API."""
        deadline = time.monotonic() + 20
        while not (self.up() and self.get("/ready").status == 200):
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        return self

    def up(self) -> bool:
        """Say whether the API itself answers."""
        assert self.process.poll() is None, self.output()
        with contextlib.suppress(ConnectionError):
            return self.get("/status").status == 200
        return False

    def idle(self) -> http.client.HTTPConnection:
        """Return a connection that has been used, and is kept."""
        connection = self.connect()
        connection.request("GET", "/status")
        connection.getresponse().read()
        return connection

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection; what hangs for half a minute has failed."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path on a connection of its own; `If_Match="x"` is the header If-Match."""
        began = time.monotonic()
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            taken = time.monotonic() - began
            return Answer(response.status, text, response.headers, taken)

    def soon(self, path: str) -> "Future[Answer]":
        """Ask from another thread."""
        return self.pool.submit(self.get, path)

    def output(self) -> str:
        """Return what the API printed."""
        return self.log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """Return what the API logged."""
        return [json.loads(line) for line in self.output().splitlines()]

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples whose text begins like this."""
        lines = self.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def memory(self) -> int:
        """Return the resident memory in MiB."""
        return int(self.metric("process_resident_memory_bytes")) >> 20

    def wait(self, seconds: float = 30) -> int:
        """Return the exit status."""
        return self.process.wait(seconds)

    def stop(self) -> None:
        """End the API and whatever still asks it."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.pool.shutdown(cancel_futures=True)
