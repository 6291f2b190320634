"""Around every request: its id, its metrics, a line in the log where one is due, headers that keep browsers safe."""

import json
import logging
import os
import re
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import metrics

# An id is copied into logs and answers: nothing in it may mean anything there, and no e-mail address passes for one.
REQUEST_ID: Final = re.compile(rb"[\w.:/+=-]{1,128}", re.ASCII)
SLOW_SECONDS: Final = 1
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
# For browsers: guess no type, tell nobody where the user came from, let no other site load what is read here.
HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# Unless an answer says otherwise: it is data, no page, and on its way nobody keeps it, for it may be about people.
DEFAULTS: Final = (
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
BROKEN: Final = b'{"detail":"Internal Server Error"}'

current: ContextVar[str | None] = ContextVar("request_id", default=None)
log = logging.getLogger("api.requests")


class JsonLines(logging.Formatter):
    """One JSON object a line; what is passed as `extra={"fields": {…}}` joins it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"handlers": ["stdout"], "level": "INFO"},
    "loggers": {"uvicorn": {"level": "INFO"}, "uvicorn.access": {"level": "WARNING"}},
}


def request_id_of(scope: Scope) -> bytes:
    """Return the client's own X-Request-ID if it is a decent one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return bytes(value)
    return os.urandom(16).hex().encode()


class Observer:
    """ASGI middleware, the outermost of our own: also what breaks gets its id, its headers and its line."""

    def __init__(self, app: ASGIApp, log_all: bool = False) -> None:
        """Log what fails or is slow; with `log_all`, every request."""
        self._app = app
        self._log_all = log_all
        self._in_flight = 0
        metrics.IN_FLIGHT.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = request_id_of(scope)
        token = current.set(request_id.decode())
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                names = [name for name, _ in own]
                defaults = [header for header in DEFAULTS if header[0] not in names]
                message["headers"] = [*own, *HEADERS, *defaults, (b"x-request-id", request_id)]
            await send(message)

        self._in_flight += 1
        try:
            await self._app(scope, receive, send_on)
        except Exception:
            log.exception("a fault of the API itself")
            if status:
                raise
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BROKEN)).encode())]
            await send_on({"type": "http.response.start", "status": 500, "headers": headers})
            await send_on({"type": "http.response.body", "body": BROKEN})
        finally:
            self._in_flight -= 1
            self._record(scope, status, time.perf_counter() - began)
            current.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route, never the path: no id of a user and no number of labels without bound.
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        metrics.request(method, route, status)(seconds)
        if self._log_all or status >= 500 or seconds > SLOW_SECONDS:
            fields = {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
            log.info("request", extra={"fields": fields})
