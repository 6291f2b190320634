"""A page that says 503 to every request: what the Pods of maintenance run, with the standard library alone."""

from __future__ import annotations

import http.server
import os
import signal
import socket

PORT = 8000
PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Maintenance</title>
<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em">
{os.environ["MESSAGE"]}
</body></html>
""".encode()


class Page(http.server.BaseHTTPRequestHandler):
    """One answer to all."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """What was sent is not read, so the connection ends with it."""
        self.send_response(503)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.send_header("Retry-After", os.environ["RETRY_AFTER"])
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


# The names that http.server calls.
for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"):
    setattr(Page, f"do_{method}", Page.answer)


class Server(http.server.ThreadingHTTPServer):
    """Listens on IPv6 and IPv4, where the machine has both."""

    def server_bind(self) -> None:
        """In place of the one address family that a server has otherwise."""
        both = socket.has_dualstack_ipv6()
        self.socket.close()
        family = socket.AF_INET6 if both else socket.AF_INET
        self.socket = socket.create_server(("", int(os.environ.get("PORT", PORT))), family=family, dualstack_ipv6=both)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "", self.server_address[1]

    def server_activate(self) -> None:
        """It listens already."""


if __name__ == "__main__":
    # The first process of a container is ended by no signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("", 0), Page).serve_forever()
