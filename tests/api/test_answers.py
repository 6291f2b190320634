"""What a user of the API gets while all is well."""

import time
from urllib.parse import quote

import pytest

from backends import ROWS, Api

USERS = [dict(zip(("user_id", "username", "email"), row, strict=True)) for row in ROWS]


def test_status_is_one(calm_api: Api) -> None:
    """The exam's words: status 1."""
    answer = calm_api.get("/status")
    assert (answer.status, answer.text) == (200, "1")
    assert answer.headers["Content-Type"] == "application/json"


def test_users_are_all_of_them_in_order(calm_api: Api) -> None:
    """With whatever characters their names have."""
    answer = calm_api.get("/users")
    assert (answer.status, answer.json) == (200, USERS)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("user", USERS)
def test_one_user(calm_api: Api, user: dict[str, object]) -> None:
    """By id, the same object as in the list."""
    answer = calm_api.get(f"/users/{user['user_id']}")
    assert (answer.status, answer.json) == (200, user)


@pytest.mark.parametrize("user_id", [0, -1, 4, 2**31, 2**63, 2**64, 10**30])
def test_nobody_has_this_id(calm_api: Api, user_id: int) -> None:
    """404, also for numbers that no column holds."""
    answer = calm_api.get(f"/users/{user_id}")
    assert (answer.status, answer.json) == (404, {"detail": "Unknown User ID"})


@pytest.mark.parametrize(
    "text",
    [
        "August",
        "1 OR 1=1",
        "1; DROP TABLE Users",
        "1' OR '1'='1",
        "1 UNION SELECT 1,2,3",
        "0x1",
        "1e0",
        "null",
        "٣٣x",
        "9" * 5000,
    ],
)
def test_what_is_no_number_never_becomes_sql(calm_api: Api, text: str) -> None:
    """422 that says what was expected."""
    answer = calm_api.get("/users/" + quote(text))
    assert answer.status == 422
    assert answer.json["detail"][0]["loc"] == ["path", "user_id"]
    assert calm_api.get("/users").json == USERS


def test_ready(calm_api: Api) -> None:
    """The database is there."""
    answer = calm_api.get("/ready")
    assert (answer.status, answer.json) == (200, {"status": "ready"})


def test_unknown_path(calm_api: Api) -> None:
    """404 as JSON."""
    answer = calm_api.get("/nothing")
    assert (answer.status, answer.json) == (404, {"detail": "Not Found"})


def test_docs_tell_the_truth(calm_api: Api) -> None:
    """Every status that a client can meet is in the document, with its body."""
    assert calm_api.get("/docs").status == 200
    document = calm_api.get("/openapi.json").json
    promised = {path: set(operations["get"]["responses"]) for path, operations in document["paths"].items()}
    assert promised == {
        "/status": {"200"},
        "/ready": {"200", "503"},
        "/users": {"200", "503"},
        "/users/{user_id}": {"200", "404", "422", "503"},
    }
    schemas = document["components"]["schemas"]
    assert set(schemas["User"]["properties"]) == set(USERS[0])
    assert set(schemas["Problem"]["properties"]) == {"detail"}


def test_keeps_a_connection_longer_than_an_idle_ingress(calm_api: Api) -> None:
    """uvicorn alone would close it after 5 s, and an Ingress answer 502."""
    connection = calm_api.connect()
    connection.request("GET", "/status")
    connection.getresponse().read()
    before = connection.sock
    time.sleep(6)
    connection.request("GET", "/status")
    assert connection.getresponse().read() == b"1"
    assert connection.sock is before
    connection.close()
