"""Knows the path below which users find it."""

import http.server
import os
import signal


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = respond(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


def respond(path):
    return (200, "shop") if path.startswith("/shop/") or path == "/live" else (404, "not below /shop")


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
