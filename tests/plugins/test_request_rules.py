"""Requests that cannot be right are refused before anybody is asked, in one line that repeats no secret."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoint_rules import find_endpoint_problems
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.repeating import sent_once
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.request_rules import authorities_problem
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.verifier import Verifier
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.withheld import completed, without_secrets

from fake_shop import BEARER, GONE, LOGIN, ME, ORDER, READ, SOCKET

VALUE = "xk-7-never-shown"
POST = {"path": "/a", "method": "POST"}


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ({"path": "/a", "method": "FETCH"}, "method is 'FETCH': it must be one of GET, HEAD"),
        ({"path": "/a", "method": ["GET"]}, "it must be one of"),
        ({"path": "/a", "headers": f"X: {VALUE}"}, "headers must be a dictionary"),
        ({"path": "/a", "headers": [VALUE]}, "headers must be a dictionary"),
        ({"path": "/a", "headers": {"X Y": VALUE}}, "headers has 'X Y', which is not the name of a header"),
        ({"path": "/a", "headers": {"": VALUE}}, "not the name of a header"),
        ({"path": "/a", "headers": {"Ä": VALUE}}, "not the name of a header"),
        ({"path": "/a", "headers": {"X": VALUE, "x": VALUE}}, "headers has x twice"),
        ({"path": "/a", "headers": {"X": f"{VALUE}\n"}}, "headers.X holds a line feed"),
        ({"path": "/a", "headers": {"X": f"a\r\nY: {VALUE}"}}, "headers.X holds a line feed"),
        ({"path": "/a", "headers": {"X": f"{VALUE} "}}, "headers.X begins or ends with a blank"),
        ({"path": "/a", "headers": {"X": ""}}, "headers.X is empty: is the variable"),
        ({"path": "/a", "headers": {"X": None}}, "headers.X is empty"),
        ({"path": "/a", "headers": {"X": 1.10}}, "headers.X is not text: put quotes"),
        ({"path": "/a", "headers": {"X": True}}, "headers.X is not text"),
        ({"path": "/a", "headers": {"host": "b.test"}}, "set verify_host"),
        ({"path": "/a", "headers": {"Content-Length": "1"}}, "headers has Content-Length, which cannot be given"),
        ({"path": "/a", "headers": {"Upgrade": "websocket"}}, "set websocket: true"),
        ({"path": "/a", "websocket": True, "headers": {"Sec-WebSocket-Key": VALUE}}, "sets itself"),
        (POST | {"request_json": {}, "request_body": VALUE}, "request_json and request_body are both there"),
        ({"path": "/a", "request_json": {"a": VALUE}}, "request_json is there with GET, which sends no body"),
        ({"path": "/a", "method": "head", "request_form": {"a": VALUE}}, "request_form is there with HEAD"),
        (POST | {"request_body": {"a": VALUE}}, "request_body is not text: for JSON there is request_json"),
        (POST | {"request_body": ""}, "request_body is empty"),
        (POST | {"request_form": VALUE}, "request_form must be a dictionary"),
        (POST | {"request_form": {"a": [VALUE]}}, "request_form has the field a"),
        (
            POST | {"request_json": {"on": datetime.date(2026, 1, 2)}},
            "request_json holds a value that is not JSON (date)",
        ),
        (POST | {"request_json": float("nan")}, "request_json holds a value that is not JSON"),
        ({"path": "/a", "expect_headers": ["X"]}, "expect_headers must be a dictionary"),
        ({"path": "/a", "expect_headers": {"X:": "a"}}, "expect_headers has 'X:'"),
        ({"path": "/a", "expect_headers": {"X": True}}, "expect_headers.X is not text"),
        ({"path": "/a", "expect_headers": {"X": {"a": 1}}}, "expect_headers.X is not text"),
        ({"path": "/a", "expect_headers": {"X": "a\nb"}}, "expect_headers.X holds a line feed"),
        ({"path": "/a", "save": "json.token"}, "save must be a dictionary"),
        ({"path": "/a", "save": {"a-b": "json.token"}}, "save has 'a-b', which is not a name"),
        ({"path": "/a", "save": {"a": "token"}}, "save.a is 'token': it must be json.PATH"),
        ({"path": "/a", "save": {"a": "json..b"}}, "it must be json.PATH"),
        ({"path": "/a", "save": {"a": None}}, "it must be json.PATH"),
        ({"path": "/a", "save": {"a": "header."}}, "it must be json.PATH"),
        ({"path": "/a", "save": {"a": "header.Set-Cookie"}}, "write cookie.NAME"),
        ({"path": "/a", "method": "HEAD", "save": {"a": "json.b"}}, "a response to HEAD has no body"),
        ({"path": "/a", "method": "HEAD", "contains": "b"}, "contains is expected of HEAD"),
        ({"path": "/a", "websocket": True, "method": "POST"}, "websocket is true with method POST"),
        ({"path": "/a", "websocket": True, "json": 1}, "websocket is true with json"),
        ({"path": "/a", "websocket": True, "save": {"a": "header.B"}}, "websocket is true with save"),
        ({"path": "/a", "websocket": True, "status": 200}, "websocket is true with status 200"),
        ({"path": "/a", "websocket": "perhaps"}, "websocket must be true or false"),
        ({"path": "/a", "repeat": 7}, "repeat must be true or false"),
        ({"path": "/a/${b}"}, "it uses ${b}, but no endpoint saves that"),
        ({"path": "/a", "headers": {"X": "${b}"}}, "it uses ${b}, but no endpoint saves that"),
        (POST | {"request_json": [{"c": "x ${b}"}]}, "it uses ${b}, but no endpoint saves that"),
    ],
)
def test_requests_that_cannot_be_right(endpoint: dict[str, Any], words: str) -> None:
    (problem,) = find_endpoint_problems([{"path": "/good"}, endpoint])
    assert problem.startswith("verify_endpoints has '/a")
    assert words in problem
    assert VALUE not in problem
    assert "\n" not in problem
    with pytest.raises(ValueError, match="verify_endpoints has"):
        Verifier({"endpoints": [endpoint], "base_url": "http://a.test", "host": "", "validate_certs": True})


def test_what_only_the_whole_list_shows() -> None:
    (late,) = find_endpoint_problems([ME, LOGIN])
    assert "it uses ${token}, but /login saves it, but comes later: move that up" in late
    (twice,) = find_endpoint_problems([LOGIN, {**LOGIN, "path": "/other"}])
    assert twice == "verify_endpoints has '/other': save.token: /login saves that already"
    (filled,) = find_endpoint_problems([LOGIN, {"path": "/a", "json": {"b": "${token}"}}])
    assert "json has ${token}, which is only filled in where something is sent" in filled
    (repeated,) = find_endpoint_problems([LOGIN, ORDER, {**READ, "repeat": True}])
    assert "repeat is true, but it uses what a request saves that is sent once" in repeated


def test_requests_that_can() -> None:
    odd = {"path": "/a", "method": "delete", "headers": {"X-A": "b\tc é"}, "websocket": "no", "repeat": "yes"}
    text = {"path": "/${b", "contains": "${x}", "expect_headers": {"content-length": 5}}
    assert find_endpoint_problems([odd, text, LOGIN, ME, ORDER, READ, GONE, SOCKET]) == []


@pytest.mark.parametrize(
    ("endpoints", "once"),
    [
        ([{"path": "/"}, LOGIN, ME], []),
        ([LOGIN, ORDER, READ, GONE, ME], [1, 2, 3]),
        ([{**LOGIN, "repeat": False}, ME, {"path": "/"}], [0, 1]),
        ([{"path": "/a", "method": "DELETE"}, {"path": "/b", "method": "PUT", "repeat": True}], [0]),
        ([{"path": "/a", "repeat": False}], [0]),
        # A token for forms is sent in a body, and comes from a GET.
        ([{"path": "/f", "save": {"csrf": "json.csrf"}}, {**LOGIN, "request_form": {"csrf": "${csrf}"}}, ME], []),
        # Saved, and used nowhere.
        ([LOGIN], [0]),
    ],
)
def test_what_is_sent_once(endpoints: list[dict[str, Any]], once: list[int]) -> None:
    assert sorted(sent_once(endpoints)) == once


def test_what_was_kept_is_found_again_in_the_inventory() -> None:
    own = [LOGIN, {"path": "/me", "status": 401}, ME, ORDER]
    kept = without_secrets(own)
    assert VALUE not in str(kept) and "request_json" not in kept[0]
    assert completed(kept, own) == (own, [])
    # Another version's expectations count; what it was sent is the inventory's.
    older = [{**kept[0], "status": 201}, *kept[1:]]
    newer = [{**LOGIN, "request_json": {"password": VALUE}}, *own[1:]]
    found, lost = completed(older, newer)
    assert (found[0]["status"], found[0]["request_json"], lost) == (201, {"password": VALUE}, [])


def test_what_the_inventory_has_no_more_is_left_out_and_all_that_needs_it() -> None:
    kept = without_secrets([{"path": "/"}, LOGIN, ME, {"path": "/x/${token}"}])
    found, lost = completed(kept, [{"path": "/"}, {**ME, "headers": BEARER}])
    assert found == [{"path": "/"}]
    assert lost == ["POST /login", "/me", "/x/${token}"]
    assert completed(kept, [])[1] == ["POST /login", "/me", "/x/${token}"]


def test_lists_that_send_nothing_are_kept_as_they_are() -> None:
    plain = [{"path": "/", "json": 1}, {"path": "/b", "expect_headers": {"A": "b"}}]
    assert without_secrets(plain) == plain
    assert completed(plain, []) == (plain, [])


def test_a_file_of_authorities(tmp_path: Path) -> None:
    assert authorities_problem("") == ""
    assert "there is no such file" in authorities_problem(str(tmp_path / "none"))
    assert "there is no such file" in authorities_problem(str(tmp_path))
    (tmp_path / "ca").write_text("no certificate")
    assert "no certificate of an authority" in authorities_problem(str(tmp_path / "ca"))
    (tmp_path / "ca").write_bytes(b"\xff\0")
    assert "no certificate of an authority" in authorities_problem(str(tmp_path / "ca"))
