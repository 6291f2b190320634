"""A small application as there are many: a login whose token opens the rest, orders, a WebSocket."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from fake_port_forward import switch
from loopback import listening

# Not a secret of anybody; long enough to be found wherever it is written.
PASSWORD = "opensesame-7Q"
LOGIN = {
    "name": "login",
    "path": "/login",
    "method": "POST",
    "request_json": {"user": "august", "password": PASSWORD},
    "json_types": {"access_token": "string"},
    "save": {"token": "json.access_token"},
}
BEARER = {"Authorization": "Bearer ${token}"}
ME = {"path": "/me", "headers": BEARER, "json": {"user": "august"}}
STRANGER = {"path": "/me", "status": 401}
ORDER = {
    "path": "/orders",
    "method": "POST",
    "status": 201,
    "headers": BEARER,
    "request_json": {"item": "apples", "count": 3},
    "json_includes": {"item": "apples", "count": 3},
    "save": {"order": "json.id"},
}
READ = {"path": "/orders/${order}", "headers": BEARER, "json_includes": {"item": "apples"}}
GONE = {"path": "/orders/${order}", "method": "DELETE", "headers": BEARER, "status": 204}
SOCKET = {"path": "/live", "websocket": True}


class Shop:
    """One instance: its tokens are its own, and all it was asked is noted."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.orders: dict[str, Any] = {}
        self.asked: list[str] = []
        self.heard: list[dict[str, str]] = []
        self.password = PASSWORD
        self.accepts = True
        self.hangs_up = False
        self.fails: dict[str, int] = {}

    def count(self, what: str) -> int:
        return self.asked.count(what)

    def respond(self, one: BaseHTTPRequestHandler) -> tuple[int, Any, dict[str, str]]:
        path = one.path.partition("?")[0]
        text = one.rfile.read(int(one.headers.get("Content-Length") or 0)).decode()
        self.asked.append(f"{one.command} {path}")
        self.heard.append(dict(one.headers))
        if code := self.fails.get(path, 0):
            return code, {"detail": "broken"}, {}
        if path == "/orders" and self.hangs_up:
            one.connection.shutdown(socket.SHUT_RDWR)
        if path == "/echo":
            return 200, {"headers": dict(one.headers), "body": text}, {"X-Shop": "open", "Set-Cookie": "a=1; Path=/"}
        if path in ("/login", "/form"):
            return self.login(json.loads(text) if path == "/login" else dict(urllib.parse.parse_qsl(text)))
        if path == "/open":
            return 200, {"open": True}, {"Cache-Control": "no-store", "X-Shop": "open"}
        if path == "/cookie":
            return (200, "in", {}) if self.knows(one.headers.get("Cookie", "").partition("=")[2]) else (401, "out", {})
        if not self.knows(one.headers.get("Authorization", "").partition(" ")[2]):
            return 401, {"detail": "who are you?"}, {}
        if path == "/me":
            return 200, {"user": "august"}, {}
        return self.order(one.command, path.rpartition("/")[2], text)

    def knows(self, token: str) -> bool:
        return token in self.tokens

    def login(self, given: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if given.get("password") != self.password:
            # As frameworks do, with what was given.
            return 422, {"detail": "no such user", "input": given}, {}
        token = secrets.token_hex(12)
        self.tokens.add(token)
        return 200, {"access_token": token}, {"Set-Cookie": f"session={token}; Path=/; HttpOnly"}

    def order(self, method: str, number: str, text: str) -> tuple[int, Any, dict[str, str]]:
        if method == "POST":
            number = str(len(self.asked) + 7000)
            self.orders[number] = json.loads(text)
            return 201, self.orders[number] | {"id": int(number)}, {}
        if number not in self.orders:
            return 404, {"detail": "no such order"}, {}
        if method == "DELETE":
            del self.orders[number]
            return 204, "", {}
        return 200, self.orders[number], {}


@contextmanager
def open_shop(shop: Shop, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port at which it serves."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            if self.path == "/live" and self.headers["Upgrade"] == "websocket":
                shop.asked.append("WebSocket /live")
                if not shop.accepts:
                    del self.headers["Sec-WebSocket-Key"]
                    self.headers["Sec-WebSocket-Key"] = "another"
                switch(self)
                self.close_connection = True
                return
            code, document, headers = shop.respond(self)
            payload = b"" if code == 204 or self.command == "HEAD" else json.dumps(document).encode()
            self.send_response(code)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.answer)

    with listening(Handler, tls) as port:
        yield port
