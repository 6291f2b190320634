"""Comparing answers with what is expected of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.endpoints_wait import (
    describe,
    summary,
    wait,
)
from ansible_collections.fastapi_mysql.k8s.plugins.filter.credentials_checksum import (
    credentials_checksum,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.endpoints import (
    Answer,
    Asker,
    expected,
    matches,
)
from ansible_collections.fastapi_mysql.k8s.plugins.test.answered import answered

from fake_api_server import Reply, serving

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
    assert not answered({"status": -1, "msg": "refused"}, {"path": "/"})


def test_expected_in_words() -> None:
    endpoint = {"status": 404, "json": {"é": 1}, "contains": "x"}
    assert expected(endpoint) == "404 and {\"é\": 1} and a text with 'x'"


def test_long_bodies_are_cut() -> None:
    row = summary("http://here", [{"name": "n", "path": "/x"}], [Answer(200, "line\n" * 100)])[0]
    assert row["url"] == "http://here/x"
    assert row["answer"].startswith("200 line line")
    assert row["answer"].endswith("… (500 bytes)")


def test_waits_until_the_answer_is_right() -> None:
    statuses = iter([404, 404])

    def route(method: str, path: str, body: dict[str, Any]) -> Reply:
        return next(statuses, 200), {"path": path}

    with serving(route) as server:
        asker = Asker(f"{server}/base/", "a.host")
        answers = wait(asker, [{"path": "/a", "json": {"path": "/base/a"}}], 10)
        asker.close()
    assert [answer.status for answer in answers] == [200]


def test_tells_the_last_answer_at_the_deadline() -> None:
    with serving(lambda *_: (404, {})) as server:
        pass
    answers = wait(Asker(server), [{"path": "/a"}], 0)
    assert "refused" in answers[0].shown()


def test_nobody_there_is_one_short_line() -> None:
    line = describe("http://here", [{"path": "/a"}, {"path": "/b"}], [Answer(error="no answer (refused)")] * 2)
    assert line == "http://here gives no answer (refused): start the Ingress controller there, or correct app_base_url"


def test_only_the_first_wrong_answers_are_told_in_full() -> None:
    paths = [{"path": f"/{number}"} for number in range(4)]
    line = describe("http://here", paths, [Answer(200), Answer(404), Answer(404), Answer(404)])
    assert line.count("should answer 200, but gave 404") == 2
    assert line.endswith("as wrong: /3")
    assert describe("http://here", paths, [Answer(200)] * 4) == ""


def test_a_base_url_that_is_none() -> None:
    with pytest.raises(ValueError, match="app_base_url"):
        Asker("127.0.0.1:8080")


def test_checksum_changes_with_each_value_and_with_the_target() -> None:
    texts = {
        credentials_checksum(values, salt)
        for values, salt in ((["a", "b"], "x"), (["a", "c"], "x"), (["ab", ""], "x"), (["a", "b"], "y"))
    }
    assert len(texts) == 4
    assert credentials_checksum(["é", "🔑"], "x") == credentials_checksum(["é", "🔑"], "x")
