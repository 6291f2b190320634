"""What a user of the API gets while its database is in trouble. One API goes through all of it."""

import asyncio
import contextlib
import signal
import socket
import statistics
import time

import pytest

from backends import Api, MariaDB, until
from burst import burst
from conftest import Start
from latency import SlowWay

PATHS = ["/users", "/users/1", "/ready"]
# Two threads for lists, two for single users, and the probe's.
CONNECTIONS = 5
# Seconds. Who waits in vain hears so after two: sooner is without waiting, whatever else the machine does.
AT_ONCE = 1.9
# In time, on a machine with other work; without a bound nobody would hear ever. How long it takes is for bench/ to say.
BOUNDED = 10


def recovered(api: Api) -> bool:
    """Say whether every path answers."""
    return all(api.get(path).status == 200 for path in PATHS)


def recovers(api: Api) -> None:
    """Hold the API to its promise."""
    until(lambda: recovered(api), "the recovery", BOUNDED)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_down_and_up_again(database: MariaDB, api: Api, number: signal.Signals) -> None:
    """503 with one sentence, and recovery without anybody's help."""
    database.stop(number)
    for path in PATHS:
        answer = api.get(path)
        assert answer.is_unavailable()
        assert answer.seconds < AT_ONCE
    assert api.get("/status").text == "1"
    database.start()
    recovers(api)


@pytest.mark.parametrize("_", range(15))
def test_a_restart_between_two_requests_is_not_noticed(database: MariaDB, api: Api, _: int) -> None:
    """All connections in the pool are dead: one retry hides that, for each client. Often, for threads meet there."""
    with database.locked():
        answers = [api.soon(path) for path in ("/users", "/users?limit=1", "/users/1", "/users/2")]
        until(lambda: database.waiting("app") == 4, "all four connections")
    assert {answer.result().status for answer in answers} == {200}
    database.stop()
    database.start()
    again = [api.soon(path) for path in PATHS * 8]
    assert {answer.result().status for answer in again} == {200}
    assert len(database.connections("app")) <= CONNECTIONS


def test_connections_killed_by_an_administrator_are_not_noticed(database: MariaDB, api: Api) -> None:
    """Also not a failed probe."""
    for connection in database.connections("app"):
        database.sql(f"KILL {connection}")
    assert recovered(api)


def test_query_killed_in_flight_is_asked_again(database: MariaDB, api: Api) -> None:
    """It only reads, so asking twice does no harm."""
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
        assert time.monotonic() - killed < AT_ONCE
    database.start()
    recovers(api)


def test_frozen_server_does_not_freeze_the_api(database: MariaDB, api: Api) -> None:
    """SIGSTOP: connections stand, nothing answers. /status does, and all else in time."""
    database.send(signal.SIGSTOP)
    waiting = [api.soon(path) for path in ["/users", "/users/1", "/ready"] * 15]
    slowest = max(api.get("/status").seconds for _ in range(50))
    assert slowest < AT_ONCE
    answers = [answer.result() for answer in waiting]
    assert all(answer.is_unavailable() for answer in answers)
    assert max(answer.seconds for answer in answers) < BOUNDED
    database.send(signal.SIGCONT)
    recovers(api)


def test_slow_database_slows_nothing_else(database: MariaDB, start: Start) -> None:
    """A twentieth of a second each way: all are served, in few questions, and nobody much later than one takes."""
    with SlowWay(database.port, 0.05) as way:
        api = start(MYSQL_PORT=str(way.port)).ready()
        assert recovered(api)
        answers = [api.soon(f"/users/{number % 3 + 1}") for number in range(60)]
        # Half of them, for a machine may have other work: an API that waits for its database is late with every one.
        assert statistics.median(api.get("/status").seconds for _ in range(20)) < 0.1
        assert {answer.result().status for answer in answers} == {200}
        assert max(answer.result().seconds for answer in answers) < 4
        assert api.metric('database_batch_size_count{question="user"}') < 12


def test_more_clients_than_connections(database: MariaDB, api: Api) -> None:
    """The pool stands at a lock, who comes after hears 503 in time; on no more than the pool's connections."""
    with database.locked():
        first = [api.soon(path) for path in ("/users", "/users/1") * 2]
        until(lambda: database.waiting("app") >= 2, "busy connections")
        late = [api.soon("/users") for _ in range(60)]
        assert api.get("/status").seconds < AT_ONCE
        assert len(database.connections("app")) <= CONNECTIONS
        answers = [answer.result() for answer in first + late]
        assert all(answer.is_unavailable() for answer in answers)
        assert all(1.5 < answer.seconds < BOUNDED for answer in answers)
    recovers(api)


def test_a_crowd_is_served(database: MariaDB, api: Api) -> None:
    """Busy is not down: 100 at once, on no more than the pool's and the probe's connections; and that is ready."""
    with database.locked():
        answers = [api.soon(path) for path in ("/users", "/users/2") * 50]
        until(lambda: api.metric("http_requests_in_flight") > 100, "the crowd")
        assert api.metric("database_waiting") > 90
        busy = api.metric('database_connections{state="busy"}')
    probe = api.get("/ready")
    assert busy == database_threads(api)
    assert probe.status == 200
    assert {answer.result().status for answer in answers} == {200}
    assert len(database.connections("app")) <= CONNECTIONS


def database_threads(api: Api) -> float:
    """Return how many connections the pool has now: all were busy."""
    return api.metric("database_connections{")


def test_clients_that_hang_up(database: MariaDB, api: Api) -> None:
    """Whoever leaves takes nothing along: no connection, no memory, no turn."""
    before = api.memory()
    with database.locked():
        for _ in range(4):
            connections = [api.connect() for _ in range(100)]
            for connection in connections:
                connection.request("GET", "/users")
            for connection in connections:
                connection.close()
        until(lambda: database.waiting("app") >= 1, "a question")
    until(lambda: api.metric("http_requests_in_flight") == 1, "the end of what they had begun", BOUNDED)
    assert recovered(api)
    assert len(database.connections("app")) <= CONNECTIONS
    assert api.memory() < before + 20


def test_a_burst_of_slow_pages_is_answered_page_by_page(database: MariaDB, start: Start) -> None:
    """On two threads, within three seconds; and afterwards the API is itself again at once."""
    with SlowWay(database.port, 0.025) as way:
        api = start(MYSQL_PORT=str(way.port)).ready()
        assert recovered(api)
        page = statistics.median(api.get(f"/users?offset={number}").seconds for number in range(9))
        answers = asyncio.run(burst(api.port, [f"/users?offset={number}" for number in range(202)]))
        assert answers.keys() <= {200, 503}
        # A twentieth of a second each is 120 pages.
        assert answers[200] >= 0.85 * min(202, 2 * 3 / page)
        after = [api.get(path) for path in PATHS]
        assert {answer.status for answer in after} == {200}
        assert max(answer.seconds for answer in after) < 1


def test_clients_who_gave_up_leave_no_work(database: MariaDB, start: Start) -> None:
    """200 who want different pages hang up after half a second: the next is served as if they had not come."""
    with SlowWay(database.port, 0.025) as way:
        api = start(MYSQL_PORT=str(way.port)).ready()
        assert recovered(api)
        before = api.metric('database_batch_size_count{question="users"}')
        answers = asyncio.run(burst(api.port, [f"/users?offset={number}" for number in range(200)], 0.5))
        assert answers[0] > 150
        answer = api.get("/users")
        assert (answer.status, answer.seconds < 1) == (200, True)
        until(lambda: api.metric("http_requests_in_flight") == 1, "the end of what they had begun", BOUNDED)
        assert api.metric('database_batch_size_count{question="users"}') - before < 45


def test_a_slow_database_is_not_a_gone_one(database: MariaDB, start: Start) -> None:
    """Two seconds and a half each way, as where it gets no CPU: late is better than no."""
    with SlowWay(database.port, 0) as way:
        api = start(MYSQL_PORT=str(way.port)).ready()
        with database.locked():
            held = [api.soon(path) for path in ("/users", "/users/1")]
            until(lambda: database.waiting("app") == 2, "a connection for each")
        assert [answer.result().status for answer in held] == [200, 200]
        way.seconds = 2.5
        answers = [api.soon(path) for path in ("/users", "/users/1")]
        assert [answer.result().status for answer in answers] == [200, 200]


def a_full_queue(api: Api) -> list[socket.socket]:
    """1010 clients who wait; nobody where a busy machine took so long for them that the first were gone already."""
    clients = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(1010)]
    for client in clients:
        client.sendall(b"GET /users HTTP/1.1\r\nHost: x\r\n\r\n")
    with contextlib.suppress(AssertionError):
        until(lambda: api.metric("database_waiting") >= 1000, "a full queue", 2)
        return clients
    for client in clients:
        client.close()
    until(lambda: api.metric("database_waiting") == 0, "an empty queue")
    return []


def test_more_than_can_wait_are_told_at_once(database: MariaDB, api: Api) -> None:
    """The queue is bounded, and with it the memory: 503 without waiting."""
    before = api.memory()
    with database.locked():
        held = next((crowd for _ in range(5) if (crowd := a_full_queue(api))), [])
        assert held, "the queue was never full"
        answer = api.get("/users")
        assert answer.is_unavailable()
        assert answer.seconds < AT_ONCE
        assert api.get("/users/1").status in (200, 503)
        assert api.get("/status").seconds < AT_ONCE
        for client in held:
            client.close()
    assert api.memory() < before + 40
    until(lambda: recovered(api), "the recovery", BOUNDED)


def test_access_denied_tells_the_log_and_not_the_client(database: MariaDB, api: Api) -> None:
    """The cause is for the operator; the password is for nobody."""
    time.sleep(1)  # the log tells a cause once a second
    database.user("app", "changed")
    for connection in database.connections("app"):
        database.sql(f"KILL {connection}")
    answer = api.get("/users")
    assert answer.is_unavailable()
    assert any("Access denied" in line["message"] for line in api.lines() if line["logger"] == "api.database")
    assert "traceback" not in api.output().lower()
    assert "secret" not in api.output()
    database.user("app", "secret")
    recovers(api)


def test_an_outage_does_not_flood_the_log(database: MariaDB, api: Api) -> None:
    """One line a second tells the cause."""
    before = len([line for line in api.lines() if line["logger"] == "api.database"])
    database.stop()
    began = time.monotonic()
    assert all(api.get("/users").is_unavailable() for _ in range(50))
    told = len([line for line in api.lines() if line["logger"] == "api.database"]) - before
    assert told <= 2 + 2 * (time.monotonic() - began)
    database.start()
    recovers(api)


def test_table_not_there_yet(database: MariaDB, api: Api) -> None:
    """A database without its table is not ready."""
    database.sql("RENAME TABLE Main.Users TO Main.Away")
    try:
        assert all(api.get(path).is_unavailable() for path in PATHS)
    finally:
        database.sql("RENAME TABLE Main.Away TO Main.Users")
    recovers(api)


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
    recovers(api)


def test_database_at_an_address_without_answer(start: Start) -> None:
    """A listener that never speaks: the connect time is bounded."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        api = start(MYSQL_PORT=str(silent.getsockname()[1]))
        until(api.up, "the API")
        answer, probe = api.soon("/users"), api.get("/ready")
        assert answer.result().is_unavailable()
        assert answer.result().seconds < BOUNDED
        assert probe.is_unavailable()
        assert probe.seconds < BOUNDED
