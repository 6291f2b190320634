"""What the smallest of these applications have in common; it is put beside each."""

import http.server
import os
import signal


def serve(respond):
    """Respond with the status and the text of a path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = respond(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

    # The first process of a container ends on SIGTERM only when it says so.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
