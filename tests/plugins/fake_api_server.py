"""A few lines of HTTP in this process that stand for an API server.

Only for answers that a healthy cluster does not give on demand: refusals, expired credentials, broken connections, and
rollouts frozen in a certain state. What a real cluster does with the manifests is tested on a real cluster.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from fake_port_forward import forward
from loopback import listening

# A status, a document (as text, if it is no object; for a watch, events one after the other, for a log that is followed
# lines), and perhaps headers.
Reply = (
    tuple[int, dict[str, Any] | str | Iterator[dict[str, Any]] | Iterator[str]]
    | tuple[int, dict[str, Any], dict[str, str]]
)
Route = Callable[[str, str, dict[str, Any]], Reply]
# The Host header of the request that a route is called for: a real API server passes it on to the Pod that it is for.
request = threading.local()


def status(code: int, message: str) -> Reply:
    """A refusal the way Kubernetes words it."""
    return code, {"kind": "Status", "status": "Failure", "message": message, "code": code}


@contextmanager
def serving(
    route: Route,
    heard: list[dict[str, str]] | None = None,
    tls: ssl.SSLContext | None = None,
    forwarded: Callable[[str], int] | None = None,
    executed: Callable[[BaseHTTPRequestHandler], None] | None = None,
) -> Iterator[str]:
    """Serve on a free port of the loopback; `route` gets method, path with query, and body; `heard` keeps headers.

    `forwarded` names the port of this machine to which a Pod's is forwarded, by the path of the request. `executed`
    gets what is to run a command, unless `route` refuses that with a status of 400 or more.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two packets: the second would wait 40 ms for an acknowledgement of the first.
        disable_nagle_algorithm = True

        def answer(self) -> None:
            if forwarded and "/portforward" in self.path:
                forward(self, forwarded(self.path))
                return
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            request.host = self.headers["Host"]
            if heard is not None:
                names = self.headers.keys()
                heard.append({name: ", ".join(self.headers.get_all(name) or []) for name in names})
            code, document, *more = route(self.command, self.path, body)
            if executed and code < 400 and "/exec?" in self.path:
                executed(self)
                return
            self.send_response(code)
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            if isinstance(document, (dict, str)):
                payload = (document if isinstance(document, str) else json.dumps(document)).encode()
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with contextlib.suppress(OSError):
                for event in document:
                    line = (event if isinstance(event, str) else json.dumps(event)).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    # The names that http.server calls.
    for method in ("DELETE", "GET", "PATCH", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.answer)

    with listening(Handler, tls) as port:
        yield f"http{'s' if tls else ''}://127.0.0.1:{port}"


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
