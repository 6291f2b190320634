"""What surrounds every request, when what is inside breaks."""

import asyncio
import json
import logging
from typing import Any

import pytest

from observe import BROKEN, Observer


async def broken(_: Any, __: Any, send: Any) -> None:
    """Fail before anything was answered."""
    raise ZeroDivisionError("a bug")


async def broken_late(_: Any, __: Any, send: Any) -> None:
    """Fail in the middle of an answer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError("a bug")


def ask(app: Any) -> list[dict[str, Any]]:
    """Return what the server is told to send."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"x-request-id", b"my-id")]}
    asyncio.run(Observer(app)(scope, receive, send))
    return sent


def test_a_bug_answers_500_and_tells_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    """JSON as ever, with the request's id and the headers of every answer."""
    with caplog.at_level(logging.INFO):
        start, body = ask(broken)
    assert start["status"] == 500
    assert {(b"x-request-id", b"my-id"), (b"x-content-type-options", b"nosniff")} <= set(start["headers"])
    assert body["body"] == BROKEN
    assert json.loads(BROKEN) == {"detail": "Internal Server Error"}
    fault, line = caplog.records
    assert fault.exc_info and fault.exc_info[0] is ZeroDivisionError
    assert line.fields["status"] == 500


def test_an_answer_that_breaks_off_is_not_answered_twice() -> None:
    """The server closes the connection, so that the client knows."""
    with pytest.raises(ZeroDivisionError):
        ask(broken_late)
