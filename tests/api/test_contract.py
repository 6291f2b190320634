"""The API keeps what its OpenAPI document promises, whatever it is asked and however its database is.

schemathesis makes the requests from the document: valid ones, invalid ones, the limits of every parameter, other
methods. Of its checks only `not_a_server_error` is left out where the database is in trouble: 503 is promised, so
any other 5xx is still a status that the document does not know.
"""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backends import Api, MariaDB, until
from conftest import Start
from latency import SlowWay
from test_outages import recovers

# As long as the API waits for an answer; what is sent to the database takes it as well.
READ_SECONDS = 2.0
# Ends a run that hangs; all of this file together takes half a minute.
LIMIT_SECONDS = 60
# The database's own words, and where it is.
DETAILS = re.compile("mysql|maria|sql|denied|localhost|127\\.0\\.0\\.1|traceback|/app/|secret", re.IGNORECASE)


def contract(api: Api, examples: int, *options: str) -> str:
    """Ask the API what its document allows, and what it forbids; return the report of a run without fault."""
    done = subprocess.run(
        [
            *("schemathesis", "run", f"http://127.0.0.1:{api.port}/openapi.json", "--no-color"),
            *("--phases=examples,coverage,fuzzing", f"--max-examples={examples}", "--workers=4"),
            # The same requests in each run: what fails here fails everywhere.
            *("--seed=1", "--generation-deterministic", "--suppress-health-check=all"),
            *("--request-timeout=10", "--continue-on-failure", "--warnings=off", *options),
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        cwd=api.log.parent,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert api.process.poll() is None
    assert "a fault of the API itself" not in api.output()
    return done.stdout


@contextmanager
def restarting(database: MariaDB) -> Iterator[None]:
    """Stop and start the database again and again."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.7):
            database.stop()
            over.wait(0.7)
            database.start()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_all_is_well(calm_api: Api) -> None:
    """No 5xx at all, 503 included."""
    before = calm_api.metric("http_requests_total")
    contract(calm_api, 100)
    assert calm_api.metric("http_requests_total") > before + 200
    assert not re.search(r'http_requests_total\{[^}]*status="5', calm_api.get("/metrics").text)


def test_slow_database(mariadb: MariaDB, start: Start) -> None:
    """Late, but right."""
    with SlowWay(mariadb.port, 0.03) as way:
        contract(start(MYSQL_PORT=str(way.port)).ready(), 15)


def test_database_slower_than_anybody_waits(mariadb: MariaDB, start: Start) -> None:
    """Each answer comes after the API has given up on it: 503, in time, and nothing else that is the server's fault."""
    with SlowWay(mariadb.port, 0) as way:
        api = start(MYSQL_PORT=str(way.port)).ready()
        way.seconds = READ_SECONDS
        contract(api, 2, "--phases=fuzzing", "--exclude-checks=not_a_server_error")
        statuses = set(re.findall(r'http_requests_total\{[^}]*status="(5\d\d)"', api.get("/metrics").text))
        assert statuses == {"503"}
        way.seconds = 0
        recovers(api)


def test_no_database(database: MariaDB, api: Api) -> None:
    """503 where the database is needed, and nothing else that the document does not know."""
    database.stop()
    contract(api, 50, "--exclude-checks=not_a_server_error")
    for path in ("/users", "/users/1", "/ready"):
        answer = api.get(path)
        assert answer.is_unavailable()
        assert not DETAILS.search(answer.text + str(answer.headers))
    database.start()
    recovers(api)


def test_database_that_comes_and_goes(database: MariaDB, api: Api) -> None:
    """In the middle of questions."""
    with restarting(database):
        contract(api, 100, "--exclude-checks=not_a_server_error")
    until(database.answers, "MariaDB")
    recovers(api)


@pytest.mark.parametrize("path", ["/users/x", "/users?limit=x", "/nothing", "/users/999"])
def test_answers_tell_nothing_about_the_database(calm_api: Api, path: str) -> None:
    """Not even what it is."""
    answer = calm_api.get(path)
    assert not DETAILS.search(answer.text + str(answer.headers))
