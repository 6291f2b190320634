"""Fixtures: one MariaDB for the session, an API for each module or test that wants one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends import Api, MariaDB

Start = Callable[..., Api]


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server with three users in it."""
    Path("/tmp/coverage").mkdir(exist_ok=True)
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    server.user("app", "secret")
    yield server
    server.mend()
    server.stop()


@pytest.fixture
def database(mariadb: MariaDB) -> Iterator[MariaDB]:
    """The same server, for a test that harms it."""
    yield mariadb
    mariadb.mend()
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


@pytest.fixture
def api(start: Start) -> Api:
    """An API for a test that harms its database."""
    return start().ready()


@pytest.fixture(scope="module")
def calm_api(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API for tests that only ask."""
    started: list[Api] = []
    yield starter(mariadb, tmp_path_factory.mktemp("api"), started)().ready()
    for api in started:
        api.stop()
