"""What a user of the API gets while all is well."""

import re
from base64 import b64encode
from hashlib import sha256
from urllib.parse import quote

import pytest

from backends import ROWS, Api, MariaDB, until

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
    document = calm_api.get("/openapi.json").json
    promised = {path: set(operations["get"]["responses"]) for path, operations in document["paths"].items()}
    assert promised == {
        "/status": {"200"},
        "/ready": {"200", "503"},
        "/metrics": {"200"},
        "/users": {"200", "304", "422", "503"},
        "/users/{user_id}": {"200", "404", "422", "503"},
    }
    examples = [
        parameter["schema"].get("examples") or parameter.get("description")
        for operations in document["paths"].values()
        for parameter in operations["get"].get("parameters", [])
    ]
    assert len(examples) == 4
    assert all(examples)
    schemas = document["components"]["schemas"]
    assert set(schemas["User"]["properties"]) == set(USERS[0])
    assert set(schemas["Problem"]["properties"]) == {"detail"}


@pytest.mark.parametrize(
    ("query", "ids"),
    [("limit=2", [1, 2]), ("limit=1&offset=1", [2]), ("offset=2", [3]), ("offset=3", []), ("limit=999999", [1, 2, 3])],
)
def test_a_part_of_the_users(calm_api: Api, query: str, ids: list[int]) -> None:
    """The bare call returns all."""
    answer = calm_api.get(f"/users?{query}")
    assert (answer.status, [user["user_id"] for user in answer.json]) == (200, ids)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "offset=-1", f"offset={2**64}", "limit=1;--"])
def test_no_part_of_the_users(calm_api: Api, query: str) -> None:
    """What is no number of users is refused, and said to be."""
    answer = calm_api.get(f"/users?{query}")
    assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["query", query.split("=")[0]])


def test_what_has_not_changed_is_not_sent_again(mariadb: MariaDB, calm_api: Api) -> None:
    """An ETag for each list; it changes with the rows, not with the time."""
    first = calm_api.get("/users")
    tag = first.headers["ETag"]
    for known in (tag, f'W/{tag}, "other"'):
        again = calm_api.get("/users", If_None_Match=known)
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", tag)
    assert calm_api.get("/users", If_None_Match='"other"').json == USERS
    assert calm_api.get("/users?limit=2").headers["ETag"] != tag
    mariadb.sql("INSERT INTO Main.Users VALUES (4, 'New', 'new@example.com')")
    try:
        changed = calm_api.get("/users", If_None_Match=tag)
        assert (changed.status, len(changed.json)) == (200, 4)
    finally:
        mariadb.sql("DELETE FROM Main.Users WHERE id = 4")


@pytest.mark.parametrize(("path", "status"), [("/users", 200), ("/status", 200), ("/nothing", 404), ("/users/x", 422)])
def test_a_request_id_passes_through(calm_api: Api, path: str, status: int) -> None:
    """From the client to the answer and the log; one that could harm a log is replaced."""
    name = f"trace-1/{status}{path.replace('/', '.')}"
    answer = calm_api.get(path, X_Request_ID=name)
    assert (answer.status, answer.headers["X-Request-ID"]) == (status, name)
    until(lambda: name in calm_api.output(), "the line in the log")
    [line] = [line for line in calm_api.lines() if line.get("request_id") == name]
    assert (line["level"], line["message"], line["status"]) == ("info", "request", status)
    heads: list[dict[str, str]] = [{}, {"X_Request_ID": 'a" b'}, {"X_Request_ID": "august@example.com"}, {}]
    made = [calm_api.get(path, **head).headers["X-Request-ID"] for head in heads]
    assert len(set(made)) == 4
    assert all(len(name) == 32 and name.isalnum() for name in made)


def test_logs_name_nobody(calm_api: Api) -> None:
    """Neither whose data was asked for, nor by whom, nor anything that a client made up."""
    calm_api.get("/users/2?email=linda@example.com", User_Agent="Nosy/1.0")
    calm_api.get("/users/424242")
    calm_api.get("/secret-path")
    until(lambda: "/users/{user_id}" in calm_api.output(), "the line in the log")
    lines = calm_api.lines()
    assert {"time", "level", "logger", "message", "method", "route", "milliseconds"} <= set(lines[-1])
    for word in ("linda", "Nosy", "424242", "127.0.0.1:", "secret"):
        assert word not in "".join(str(line) for line in lines if line["logger"] == "api.requests")


def test_metrics_count(calm_api: Api) -> None:
    """Requests by route and status, their seconds, the pool, the process; no version, no path that a client made up."""
    counted = 'http_requests_total{method="GET",route="/users/{user_id}",status="404"}'
    before = calm_api.metric(counted)
    for number in range(3):
        calm_api.get(f"/users/{777000 + number}")
        calm_api.get(f"/made-up-{number}", method="BREW")
    assert calm_api.metric(counted) == before + 3
    assert calm_api.metric('http_request_duration_seconds_count{route="/users/{user_id}"}') >= 3
    assert calm_api.metric("http_requests_in_flight") == 1
    assert calm_api.metric("database_connections{") >= 1
    assert calm_api.metric("database_batch_size_count") >= 3
    text = calm_api.get("/metrics").text
    assert not any(word in text for word in ("made-up", "777001", "BREW", "python_info"))


@pytest.mark.parametrize("path", ["/users", "/users/1", "/users/999", "/users/x", "/docs", "/nothing", "/metrics"])
def test_browsers_are_told_to_be_careful(calm_api: Api, path: str) -> None:
    """Nothing from elsewhere is loaded, no type is guessed, no page of ours is framed, nobody learns what runs here."""
    headers = calm_api.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    for source in ("frame-ancestors", "base-uri", "form-action"):
        assert f"{source} 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Server"] is None
    assert all(len(headers.get_all(name)) == 1 for name in headers)


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/users", "private, no-cache"),
        ("/users/1", "no-store"),
        ("/users/999", "no-store"),
        ("/ready", "no-store"),
        ("/assets/swagger-ui.css", "public, max-age=3600"),
    ],
)
def test_what_is_about_people_is_kept_by_nobody(calm_api: Api, path: str, policy: str) -> None:
    """A list may be kept by who asked for it, to be asked about again; scripts and styles by everybody."""
    assert calm_api.get(path).headers["Cache-Control"] == policy


def test_docs_bring_what_they_need(calm_api: Api) -> None:
    """Scripts and styles are the API's own, under whatever prefix an Ingress serves it."""
    page = calm_api.get("/docs").text
    named = re.findall(r"""(?:src|href|url)\s*[=:]\s*["\']([^"\']+)""", page)
    assert len(named) == 4
    for name in named:
        assert not name.startswith(("/", "http"))
        assert calm_api.get(f"/{name}").status == 200
    assert "://" not in page


def test_docs_run_no_script_but_their_own(calm_api: Api) -> None:
    """What is inside the page is named by its hash; nothing is allowed by kind."""
    answer = calm_api.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
