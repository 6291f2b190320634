"""Comparing answers with what is expected of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.answer import Answer
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.asker import Asker
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoint_rules import find_endpoint_problems
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoints import (
    check_shape,
    expected,
    matches,
    mismatch,
    misshapen,
)
from ansible_collections.fastapi_mysql.k8s.plugins.test.answered import answered

from fake_api_server import serving

USERS = '[{"user_id": 1, "username": "August"}, {"user_id": 2, "username": "Linda"}]'


@pytest.mark.parametrize(
    ("status", "body", "endpoint", "right"),
    [
        (200, "1", {"json": 1}, True),
        (200, "true", {"json": 1}, False),
        (200, "1 ", {"json": 1}, True),
        (500, "1", {"json": 1}, False),
        (200, "<html>", {"json": 1}, False),
        (200, "null", {"json": None}, True),
        (200, USERS, {"json_includes": [{"username": "August"}, {"username": "Linda"}]}, True),
        (200, USERS, {"json_includes": [{"username": "Linda"}]}, False),
        (200, "[]", {"json_includes": [{"username": "August"}]}, False),
        (200, '{"a": {"b": 1, "c": 2}}', {"json_includes": {"a": {"b": 1}}}, True),
        (200, '{"a": 1}', {"json_includes": {"b": 1}}, False),
        (404, "Unknown User ID", {"status": 404, "contains": "Unknown"}, True),
        (404, "", {"status": "404"}, True),
        (200, "other", {"contains": "Unknown"}, False),
    ],
)
def test_matches(status: int, body: str, endpoint: dict[str, Any], right: bool) -> None:
    assert matches(Answer(status, body), endpoint) is right
    assert answered({"status": status, "content": body}, endpoint) is right


def test_no_answer_matches_nothing() -> None:
    assert not matches(Answer(error="refused"), {"path": "/"})


def test_expected_in_words() -> None:
    endpoint = {"status": 404, "json": {"é": 1}, "contains": "x"}
    assert expected(endpoint) == "404 and {\"é\": 1} and a text with 'x'"


def test_long_bodies_are_cut() -> None:
    shown = Answer(200, "line\n" * 100).shown()
    assert shown.startswith("200 line line")
    assert shown.endswith("… (500 bytes)")


USER = {"user_id": "integer", "username": "string", "email": "string|null"}


@pytest.mark.parametrize(
    ("got", "wanted", "fault"),
    [
        ({"user_id": 1, "username": "a", "email": None, "more": 1}, USER, ""),
        ([], [USER], ""),
        ([{"user_id": 1, "username": "a", "email": "e"}, {"user_id": "2"}], [USER], '$[1].user_id is "2", not integer'),
        ([{"user_id": 1, "username": "a"}], [USER], "$[0] has no email"),
        ({}, [USER], "$ is not a list"),
        ([1], [USER], "$[0] is not an object"),
        (True, "integer", "$ is true, not integer"),
        (True, "boolean", ""),
        (1, "number", ""),
        (1.5, "integer", "$ is 1.5, not integer"),
        ({"a": [1]}, {"a": "array"}, ""),
        (None, "any", ""),
    ],
)
def test_shapes(got: Any, wanted: Any, fault: str) -> None:
    assert misshapen(got, wanted) == fault


def test_a_shape_that_is_none() -> None:
    for shape in ("text", {"a": ["string|text"]}):
        with pytest.raises(ValueError, match="json_types knows no type text"):
            check_shape(shape)
    with pytest.raises(ValueError, match="one shape for all its items, not 2"):
        check_shape({"a": ["string", "integer"]})
    check_shape([{"a": "string|null", "b": {"c": ["any"]}}])


def test_what_is_wrong_with_an_answer() -> None:
    assert mismatch(Answer(200, "[1]"), {"json_types": ["string"]}) == "shape: $[0] is 1, not string"
    assert mismatch(Answer(200, "", seconds=1.26), {"max_seconds": 1}) == "it took 1.26 s"
    assert mismatch(Answer(200, "ok "), {"body": "ok"}) == "body"
    assert mismatch(Answer(200, ""), {"body": ""}) == ""
    assert mismatch(Answer(error="refused"), {}) == "no response"
    assert expected({"body": "ok", "max_seconds": 1, "json_types": "string"}) == (
        "200 and JSON of the shape \"string\" and the text 'ok' and within 1 s"
    )


def test_answers_of_the_same_value_are_the_same() -> None:
    assert Answer(200, '{"a": 1, "b": 2}').essence() == Answer(200, '{"b":2,"a":1}').essence()
    assert Answer(200, "1").essence() != Answer(404, "1").essence()


def test_a_kept_connection_and_the_host() -> None:
    with serving(lambda method, path, body: (200, {"path": path})) as server:
        asker = Asker(f"{server}/base/", "a.host")
        answer = asker.get("/a?b=c")
        asker.close()
    assert (answer.status, answer.body) == (200, '{"path": "/base/a?b=c"}')
    assert "refused" in Asker(server).get("/").error


def test_a_base_url_that_is_none() -> None:
    with pytest.raises(ValueError, match="app_base_url"):
        Asker("127.0.0.1:8080")


@pytest.mark.parametrize(
    ("path", "requested"),
    [
        ("/users?name=Müller", "/users?name=M%C3%BCller"),
        ("/a b", "/a%20b"),
        ("/a%20b?c=%C3%BC&d=1+2", "/a%20b?c=%C3%BC&d=1+2"),
        ("/日本/x;v=1", "/%E6%97%A5%E6%9C%AC/x;v=1"),
        ('/"<>\\^`{}', "/%22%3C%3E%5C%5E%60%7B%7D"),
        ("/x?y=[1,2]|'~'", "/x?y=[1,2]|'~'"),
    ],
)
def test_paths_are_requested_as_a_browser_does(path: str, requested: str) -> None:
    seen: list[str] = []

    def reply(method: str, target: str, body: object) -> tuple[int, object]:
        seen.append(target)
        return 200, {}

    with serving(reply) as server:
        asker = Asker(server)
        assert asker.get(path).status == 200
        asker.close()
    assert seen == [requested]


@pytest.mark.parametrize("path", ["/\ud800", "/a\r\nX: y", "no slash\n", "/\0"])
def test_whatever_the_path_there_is_an_answer(path: str) -> None:
    with serving(lambda method, target, body: (200, {})) as server:
        asker = Asker(server, timeout=2)
        assert isinstance(asker.get(path), Answer)
        asker.close()


def test_a_host_that_no_header_takes_is_an_answer() -> None:
    with serving(lambda method, target, body: (200, {})) as server:
        asker = Asker(server, "a\r\nX: y")
        assert asker.get("/").error.startswith("no response (")
        asker.close()


def test_a_body_that_is_nested_too_deep_is_an_answer() -> None:
    deep = Answer(200, "[" * 200_000)
    assert mismatch(deep, {"json": 1}) == "no JSON"
    assert deep.essence() == (200, deep.body)


@pytest.mark.parametrize(
    ("endpoint", "word"),
    [
        ({"path": "status"}, "begin with '/'"),
        ({"path": ""}, "begin with '/'"),
        ({}, "begin with '/'"),
        ({"path": "/a#b"}, "%23"),
        ({"path": "/a\tb"}, "control"),
        ({"path": "/\ud800"}, "surrogate"),
        ({"path": "/a", "status": 99}, "100 to 599"),
        ({"path": "/a", "status": True}, "100 to 599"),
        ({"path": "/a", "status": "2xx"}, "100 to 599"),
        ({"path": "/a", "max_seconds": 0}, "more than 0"),
        ({"path": "/a", "max_seconds": "nan"}, "more than 0"),
        ({"path": "/a", "max_seconds": "soon"}, "a number"),
        ({"path": "/a", "json_types": {"b": "strin"}}, "knows no type strin"),
    ],
)
def test_endpoints_that_cannot_be_verified(endpoint: dict[str, Any], word: str) -> None:
    (problem,) = find_endpoint_problems([{"path": "/good"}, endpoint])
    assert problem.startswith("verify_endpoints has ")
    assert word in problem


def test_endpoints_that_can() -> None:
    odd = [{"path": "/ü b?c=[d]", "status": "404", "max_seconds": 0.5, "json_types": ["integer|null"]}]
    assert find_endpoint_problems(odd) == []
    assert find_endpoint_problems({"path": "/"}) == find_endpoint_problems(["/"]) != []
