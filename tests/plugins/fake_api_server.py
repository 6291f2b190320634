"""A few lines of HTTP in this process that stand for an API server.

Only for answers that a healthy cluster does not give on demand: refusals, expired credentials, broken connections, and
rollouts frozen in a certain state. What a real cluster does with the manifests is tested on a real cluster.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Reply = tuple[int, dict[str, Any]]
Route = Callable[[str, str, dict[str, Any]], Reply]


def status(code: int, message: str) -> Reply:
    """A refusal the way Kubernetes words it."""
    return code, {"kind": "Status", "status": "Failure", "message": message, "code": code}


@contextmanager
def serving(route: Route) -> Iterator[str]:
    """Serve on a free port of the loopback; `route` gets method, path with query, and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            code, document = route(self.command, self.path, body)
            payload = json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    # The names that http.server calls.
    for method in ("GET", "PATCH", "PUT"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def write_kubeconfig(folder: Path, server: str, user: dict[str, Any] | None = None, **cluster: Any) -> str:
    """A kubeconfig with one context, `here`; JSON is YAML."""
    document = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return str(path)
