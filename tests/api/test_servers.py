"""MySQL 8 and 9 and MariaDB: how they let in, and how they say goodbye."""

import pytest

from backends import Api, MariaDB, until
from conftest import Start
from mysql8 import MySQL8


@pytest.mark.parametrize("known", [True, False], ids=["fast", "full"])
def test_caching_sha2_password(start: Start, known: bool) -> None:
    """Fast for a password in the server's cache, else encrypted with the server's key."""
    with MySQL8("app", "p@sswörd", known) as server:
        api = start(MYSQL_PORT=str(server.port), MYSQL_PASSWORD="p@sswörd").ready()
        assert api.get("/ready").status == 200
        assert server.logins[-1] == ("full", "fast")[known]


def test_caching_sha2_password_refuses_a_wrong_one(start: Start) -> None:
    """The other side of the same check."""
    with MySQL8("app", "right", False) as server:
        api = start(MYSQL_PORT=str(server.port), MYSQL_PASSWORD="wrong")
        until(api.up, "the API")
        assert api.get("/ready").is_unavailable()
        assert "refused" in server.logins


def test_mysql_native_password(mariadb: MariaDB, calm_api: Api) -> None:
    """What the stock exam image and MariaDB use."""
    rows = mariadb.sql("SELECT plugin FROM mysql.user WHERE user = 'app'")
    assert rows == [("mysql_native_password",)]
    assert calm_api.get("/ready").status == 200


@pytest.mark.parametrize("code", [1053, 1927], ids=["shutdown", "killed"])
def test_a_server_that_says_goodbye_is_asked_again(start: Start, code: int) -> None:
    """Some servers answer before they hang up: that is a lost connection too."""
    with MySQL8("app", "p", True) as server:
        api = start(MYSQL_PORT=str(server.port), MYSQL_PASSWORD="p").ready()
        server.errors.append(code)
        assert api.get("/ready").status == 200
        assert not server.errors
        server.errors.extend([code, code])
        assert api.get("/ready").is_unavailable()
