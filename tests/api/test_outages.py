"""What a user of the API gets while its database is in trouble."""

import signal
import socket
import time

import pytest

from backends import Api, MariaDB, until
from conftest import Start

PATHS = ["/users", "/users/1", "/ready"]


def recovered(api: Api) -> bool:
    """Say whether every path answers."""
    return all(api.get(path).status == 200 for path in PATHS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_down_and_up_again(database: MariaDB, api: Api, number: signal.Signals) -> None:
    """503 with one sentence, and recovery without anybody's help."""
    assert recovered(api)
    database.stop(number)
    for path in PATHS:
        answer = api.get(path)
        assert answer.is_unavailable()
        assert answer.headers["Retry-After"] == "1"
        assert answer.seconds < 1
    assert api.get("/status").text == "1"
    database.start()
    assert recovered(api)


def test_a_restart_between_two_requests_is_not_noticed(database: MariaDB, api: Api) -> None:
    """All connections in the pool are dead: one retry hides that, for each client."""
    with database.locked():
        answers = [api.soon("/users") for _ in range(8)]
        until(lambda: database.waiting("app") == 8, "eight connections")
    assert {answer.result().status for answer in answers} == {200}
    database.stop()
    database.start()
    again = [api.soon("/users") for _ in range(8)]
    assert {answer.result().status for answer in again} == {200}


def test_connections_killed_by_an_administrator_are_not_noticed(database: MariaDB, api: Api) -> None:
    """Also not a failed probe."""
    assert recovered(api)
    for connection in database.connections("app"):
        database.sql(f"KILL {connection}")
    assert recovered(api)


def test_query_killed_in_flight_is_asked_again(database: MariaDB, api: Api) -> None:
    """It only reads, so asking twice does no harm."""
    assert recovered(api)
    with database.locked():
        answer = api.soon("/users")
        until(lambda: database.waiting("app") == 1, "a query in flight")
        before = set(database.connections("app"))
        for connection in before:
            database.sql(f"KILL {connection}")
        until(lambda: database.waiting("app") == 1, "the query's second try")
        assert not before & set(database.connections("app"))
    assert answer.result().status == 200


def test_server_killed_under_a_query(database: MariaDB, api: Api) -> None:
    """The client hears it at once, not after a timeout."""
    with database.locked():
        answers = [api.soon(path) for path in PATHS]
        until(lambda: database.waiting("app") == 3, "three queries in flight")
        database.stop(signal.SIGKILL)
        killed = time.monotonic()
        assert all(answer.result().is_unavailable() for answer in answers)
        assert time.monotonic() - killed < 1
    database.start()
    assert recovered(api)


def test_frozen_server_does_not_freeze_the_api(database: MariaDB, api: Api) -> None:
    """SIGSTOP: connections stand, nothing answers. /status does, and all else in time."""
    assert recovered(api)
    database.send(signal.SIGSTOP)
    waiting = [api.soon(path) for path in ["/users", "/users/1"] * 15]
    probes = [api.get("/ready") for _ in range(2)]
    assert all(probe.is_unavailable() and probe.seconds < 2.5 for probe in probes)
    slowest = max(api.get("/status").seconds for _ in range(50))
    assert slowest < 0.5
    answers = [answer.result() for answer in waiting]
    assert all(answer.is_unavailable() for answer in answers)
    assert max(answer.seconds for answer in answers) < 8
    database.send(signal.SIGCONT)
    until(lambda: recovered(api), "the recovery", 5)


def test_more_clients_than_connections(database: MariaDB, api: Api) -> None:
    """Ten queries stand at a lock, who comes after waits two seconds and hears 503."""
    with database.locked():
        first = [api.soon("/users") for _ in range(10)]
        until(lambda: database.waiting("app") == 10, "a full pool")
        late = [api.soon("/users") for _ in range(30)]
        assert api.get("/status").seconds < 0.5
        answers = [answer.result() for answer in late]
        assert all(answer.is_unavailable() for answer in answers)
        assert all(1.5 < answer.seconds < 3.5 for answer in answers)
    assert [answer.result().status for answer in first] == [200] * 10
    assert recovered(api)


def test_a_crowd_is_served(database: MariaDB, api: Api) -> None:
    """Busy is not down: 60 at once, on no more than the pool's and the probe's connections."""
    answers = [api.soon("/users") for _ in range(60)]
    assert {answer.result().status for answer in answers} == {200}
    assert len(database.connections("app")) <= 11


def test_a_busy_pool_is_ready(database: MariaDB, api: Api) -> None:
    """The probe does not queue behind the users."""
    answers = [api.soon("/users") for _ in range(60)]
    assert api.get("/ready").status == 200
    assert {answer.result().status for answer in answers} == {200}


def test_access_denied_tells_the_log_and_not_the_client(database: MariaDB, api: Api) -> None:
    """The cause is for the operator; the password is for nobody."""
    database.user("app", "changed")
    for connection in database.connections("app"):
        database.sql(f"KILL {connection}")
    answer = api.get("/users")
    assert answer.is_unavailable()
    assert "Access denied" in api.output()
    assert "Traceback" not in api.output()
    assert "secret" not in api.output()
    database.user("app", "secret")
    assert recovered(api)


def test_table_not_there_yet(database: MariaDB, api: Api) -> None:
    """A database without its table is not ready."""
    database.sql("RENAME TABLE Main.Users TO Main.Away")
    try:
        assert all(api.get(path).is_unavailable() for path in PATHS)
    finally:
        database.sql("RENAME TABLE Main.Away TO Main.Users")
    assert recovered(api)


def test_too_many_connections(database: MariaDB, api: Api) -> None:
    """Somebody else has taken them all."""
    taken = []
    database.sql("SET GLOBAL max_connections = 12")
    try:
        for connection in database.connections("app"):
            database.sql(f"KILL {connection}")
        taken = [database.connect() for _ in range(13)]
        assert api.get("/users").is_unavailable()
    finally:
        for connection in taken:
            connection.close()
        database.sql("SET GLOBAL max_connections = 60")
    until(lambda: recovered(api), "the recovery", 5)


def test_database_at_an_address_without_answer(start: Start) -> None:
    """A listener that never speaks: the connect time is bounded."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        api = start(MYSQL_PORT=str(silent.getsockname()[1]))
        until(api.up, "the API")
        answer = api.get("/users")
        assert answer.is_unavailable()
        assert answer.seconds < 4
        assert api.get("/ready").seconds < 2.5
