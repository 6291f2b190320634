"""An application with a login, orders and a WebSocket; it runs in a container that has Python and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import itertools
import json
import os
import signal
from typing import Any

KEY = os.environ["SIGNING_KEY"].encode()
# This Pod's own orders: nobody looks for them anywhere else.
ORDERS: dict[str, Any] = {}
COUNTED = itertools.count(7001)
HEARD: list[str] = []
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def token_of(user: str) -> str:
    """Every Pod knows it, for all have the key."""
    return f"{user}.{hmac.new(KEY, user.encode(), hashlib.sha256).hexdigest()}"


class Shop(http.server.BaseHTTPRequestHandler):
    """Orders are for who is logged in; the bus is a WebSocket."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Any method, any path."""
        HEARD.append(f"{self.command} {self.path}")
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/bus" and self.headers.get("Upgrade", "").lower() == "websocket":
            self.switch()
            return
        status, document = self.found(text)
        body = b"" if status == 204 else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Shop", "open")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def found(self, text: str) -> tuple[int, Any]:
        """What there is at a path."""
        if self.path == "/healthz":
            return 200, "fine"
        if self.path == "/heard":
            return 200, HEARD
        if self.path == "/login" and self.command == "POST":
            given = json.loads(text)
            right = given.get("password") == os.environ["PASSWORD"]
            return (200, {"token": token_of(given["user"])}) if right else (401, {"refused": given})
        if self.headers.get("Authorization") != f"Bearer {token_of('august')}":
            return 401, "who are you?"
        if self.path == "/me":
            return 200, {"user": "august"}
        if self.path == "/orders" and self.command == "POST":
            number = str(next(COUNTED))
            ORDERS[number] = json.loads(text)
            return 201, {"number": number}
        return 404, "nothing"

    def switch(self) -> None:
        """The handshake, and no message."""
        digest = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode(), usedforsecurity=False).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True

    do_GET = do_POST = answer


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 8000), Shop).serve_forever()
