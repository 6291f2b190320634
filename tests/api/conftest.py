"""Fixtures: one MariaDB for the session, one API for all who only ask, one for all who harm its database."""

import http.client
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends import SOURCE, Api, MariaDB

sys.path.insert(0, SOURCE)

Start = Callable[..., Api]
Idle = tuple[http.client.HTTPConnection, float]


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server with three users in it."""
    Path("/tmp/coverage").mkdir(exist_ok=True)
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    server.user("app", "secret")
    yield server
    server.fix()
    server.stop()


@pytest.fixture
def database(mariadb: MariaDB) -> Iterator[MariaDB]:
    """The same server, for a test that harms it."""
    yield mariadb
    mariadb.fix()
    mariadb.user("app", "secret")


def starter(mariadb: MariaDB, directory: Path, started: list[Api]) -> Start:
    """Return a function that starts an API on the server."""

    def start(**changes: str) -> Api:
        environment = {
            "MYSQL_PORT": str(mariadb.port),
            "MYSQL_USER": "app",
            "MYSQL_PASSWORD": "secret",
        }
        started.append(Api(directory, **environment | changes))
        return started[-1]

    return start


@pytest.fixture
def start(mariadb: MariaDB, tmp_path: Path) -> Iterator[Start]:
    """Start an API with changes to its environment."""
    started: list[Api] = []
    yield starter(mariadb, tmp_path, started)
    for api in started:
        api.stop()


@pytest.fixture(scope="session")
def calm_api(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API for tests that only ask; it logs every request."""
    started: list[Api] = []
    yield starter(mariadb, tmp_path_factory.mktemp("calm"), started)(API_LOG="all").ready()
    for api in started:
        api.stop()


@pytest.fixture(scope="session", autouse=True)
def idle(calm_api: Api) -> Idle:
    """A connection that nobody uses, and since when: a test that needs an old one need not wait for it."""
    return calm_api.idle(), time.monotonic()


@pytest.fixture(scope="session")
def tried_api(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that goes through all the outages, one after the other, as one in production does."""
    started: list[Api] = []
    yield starter(mariadb, tmp_path_factory.mktemp("tried"), started)()
    for api in started:
        api.stop()


@pytest.fixture
def api(database: MariaDB, tried_api: Api) -> Api:
    """The same API, back on its feet."""
    return tried_api.ready()
