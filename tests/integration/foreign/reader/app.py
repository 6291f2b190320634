"""Is ready when its database accepts connections."""

import http.server
import os
import signal
import socket


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = respond(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


def respond(path):
    if path != "/ready":
        return 200, "alive"
    place = (os.environ["MYSQL_HOST"], int(os.environ["MYSQL_PORT"]))
    try:
        with socket.create_connection(place, timeout=2) as connection:
            # A server of MySQL speaks first: the version of its protocol is in the fifth byte.
            return (200, "ready") if connection.recv(5)[4:] == b"\n" else (503, "no MySQL")
    except OSError as error:
        return 503, str(error)


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
