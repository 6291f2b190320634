"""What the environment may say."""

import contextlib
import http.client
import signal
import socket
import time

import pytest

import serve
from backends import ROWS, Api, MariaDB, until
from conftest import Idle, Start
from database import PROBE, Pool
from settings import Settings

PASSWORDS = [
    "datascientest1234",
    "p@ss/w:ord",
    "100%25%",
    'it\'s "quoted" `twice`',
    "back\\slash",
    "?a=b&c#d",
    " spaces ",
    "pässwörd 密码 🔑",
    "{braces} $HOME $(id)",
]


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password(database: MariaDB, password: str) -> None:
    """A password is data: no character of it means anything."""
    database.user("other", password)
    pool = Pool(Settings(user="other", password=password, port=database.port), 1, 2, 2)
    assert len(pool.read(PROBE)) == 1
    pool.close()


def test_any_user_password_and_database_name(database: MariaDB, start: Start) -> None:
    """Names are data too, from the environment on."""
    password = "".join(PASSWORDS)
    database.sql("CREATE OR REPLACE DATABASE `a/b?c%d`")
    database.sql("CREATE TABLE `a/b?c%d`.Users AS SELECT * FROM Main.Users")
    database.user("o'user@x", password)
    database.sql("GRANT SELECT ON `a/b?c%%d`.* TO %s@'%%'", "o'user@x")
    names = {"MYSQL_USER": "o'user@x", "MYSQL_PASSWORD": password}
    api = start(**names, MYSQL_DATABASE="a/b?c%d").ready()
    assert len(api.get("/users").json) == len(ROWS)
    assert password not in api.output()


REFUSED = [
    ({"MYSQL_PASSWORD": ""}, "MYSQL_PASSWORD is not set or empty"),
    ({"MYSQL_USER": ""}, "MYSQL_USER is not set or empty"),
    (
        {"MYSQL_PORT": "tcp://10.0.0.1:3306"},
        "MYSQL_PORT: 'tcp://10.0.0.1:3306' is not a port: give a number from 1 to 65535",
    ),
    (
        {"MYSQL_PORT": "0", "MYSQL_PASSWORD": ""},
        "MYSQL_PASSWORD is not set or empty; MYSQL_PORT: '0' is not a port: give a number from 1 to 65535",
    ),
    ({"API_PORT": "eighty"}, "API_PORT: 'eighty' is not a port: give a number from 1 to 65535"),
    (
        {"API_LOG": "loud", "API_BATCH": "0"},
        "API_LOG: 'loud' is not 'faults' or 'all'; API_BATCH: '0' is not a number from 1 to 1000",
    ),
]


def test_refuses_to_start(start: Start) -> None:
    """One line, every fault in it, and no stack trace."""
    for api, (_, faults) in [(start(**changes), (changes, faults)) for changes, faults in REFUSED]:
        assert api.wait() == 1
        assert api.output() == f"The API cannot start: {faults}.\n"


def test_port_and_host_have_defaults(mariadb: MariaDB, start: Start) -> None:
    """Empty is not set: 127.0.0.1, database Main."""
    api = start(MYSQL_HOST="", MYSQL_DATABASE="").ready()
    assert len(api.get("/users").json) == len(ROWS)


@pytest.mark.parametrize(
    ("host", "reached"),
    [("::", {"127.0.0.1", "::1"}), ("0.0.0.0", {"127.0.0.1"}), ("127.0.0.1", {"127.0.0.1"}), ("::1", {"::1"})],
)
def test_listens_where_it_is_told(start: Start, host: str, reached: set[str]) -> None:
    """A Pod has an IPv4 address, an IPv6 address or both; "::" is all of them."""
    api = start(API_HOST=host)
    until(lambda: any(answers(address, api.port) for address in reached), "the API")
    assert {address for address in ("127.0.0.1", "::1") if answers(address, api.port)} == reached


def answers(address: str, port: int) -> bool:
    """Say whether the API lives at this address."""
    with contextlib.closing(http.client.HTTPConnection(address, port, timeout=5)) as connection:
        try:
            connection.request("GET", "/status")
        except ConnectionError:
            return False
        return connection.getresponse().read() == b"1"


def test_every_address_of_a_machine_without_ipv6_is_an_ipv4_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kernel knows no such sockets."""
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    sockets = serve.listen("::", 0)
    assert sockets is not None
    [only] = sockets
    with only:
        assert only.getsockname()[0] == "0.0.0.0"


def test_a_port_that_is_taken_is_said_in_one_line(mariadb: MariaDB, start: Start) -> None:
    """No stack trace."""
    api = start(API_HOST="::", API_PORT=str(mariadb.port))
    assert api.wait() == 1
    assert api.output() == f"The API cannot start: API_HOST ::, API_PORT {mariadb.port}: Address already in use.\n"


def test_starts_before_its_database(database: MariaDB, start: Start) -> None:
    """Containers of a Pod start in any order."""
    database.stop()
    api = start()
    until(api.up, "the API")
    assert api.get("/ready").is_unavailable()
    assert api.get("/users").is_unavailable()
    database.start()
    assert until(lambda: api.get("/ready").status == 200, "ready") < 3
    assert len(api.get("/users").json) == len(ROWS)


def test_sigterm_lets_finish_what_has_begun(database: MariaDB, start: Start) -> None:
    """A roll-out does not cut a request in two."""
    api = start().ready()
    with database.locked():
        answer = api.soon("/users")
        until(lambda: database.waiting("app") == 1, "a query in flight")
        api.process.terminate()
        until(lambda: "Shutting down" in api.output(), "the shutdown")
        assert not answer.done()
    assert answer.result().status == 200
    assert api.wait(10) in (0, -signal.SIGTERM)


def test_keeps_a_connection_longer_than_an_idle_ingress(calm_api: Api, idle: Idle) -> None:
    """uvicorn alone would close it after 5 s, and an Ingress answer 502. It has been idle since the first test."""
    connection, since = idle if time.monotonic() - idle[1] < 60 else (calm_api.idle(), time.monotonic())
    time.sleep(max(0, 6 - (time.monotonic() - since)))
    before = connection.sock
    connection.request("GET", "/status")
    assert connection.getresponse().read() == b"1"
    assert connection.sock is before
    connection.close()
