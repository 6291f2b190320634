"""An API server in trouble: a way to the real one that can be slow, refuse, or be cut."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

BUSY = {429: "Too Many Requests", 503: "Service Unavailable"}
# What a request waits before it is passed on, where the server is slow.
SLOW_SECONDS = 0.3


class ApiServer:
    """Stands between a run and the cluster; `how` is well, slow, hangs, down, 429 or 503, and may change meanwhile."""

    def __init__(self, kubectl: Sequence[str], how: str) -> None:
        """`kubectl` is the command with its kubeconfig: its own proxy brings the credentials."""
        self.kubectl, self.how = kubectl, how
        self.connections: set[socket.socket] = set()

    def __enter__(self) -> Self:
        """Take up the work, and write the kubeconfig that leads here."""
        self._proxy = subprocess.Popen([*self.kubectl, "proxy", "--port=0"], stdout=subprocess.PIPE, text=True)
        said = self._proxy.stdout.readline() if self._proxy.stdout else ""
        found = re.search(r":(\d+)\s*$", said)
        if not found:
            raise RuntimeError(f"kubectl proxy said: {said}")
        self._behind = ("127.0.0.1", int(found[1]))
        self._door = socket.create_server(("127.0.0.1", 0))
        port = self._door.getsockname()[1]
        if self.how == "down":
            self._door.close()
        else:
            threading.Thread(target=self._serve, daemon=True).start()
        self._folder = tempfile.TemporaryDirectory(prefix="faults-")
        self.kubeconfig = Path(self._folder.name, "kubeconfig")
        document = {
            "current-context": "embedded",
            "contexts": [{"name": "embedded", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "u", "user": {}}],
        }
        self.kubeconfig.write_text(json.dumps(document), encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the proxy, and whoever is still connected."""
        self._door.close()
        self.cut()
        self._proxy.terminate()
        self._proxy.wait(10)
        self._folder.cleanup()

    def away(self, seconds: float) -> None:
        """Cut everybody off, and let nobody in for so long."""

        def act() -> None:
            self.how = "away"
            self.cut()
            time.sleep(seconds)
            self.how = "well"

        threading.Thread(target=act, daemon=True).start()

    def cut(self) -> None:
        """End every connection."""
        for one in list(self.connections):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._door.accept()
                if self.how == "away":
                    visitor.close()
                    continue
                threading.Thread(target=self._hand_on, args=(visitor,), daemon=True).start()

    def _hand_on(self, visitor: socket.socket) -> None:
        self.connections.add(visitor)
        with visitor, contextlib.suppress(OSError):
            if self.how.isdigit():
                self._refuse(visitor, int(self.how))
                return
            if self.how == "hangs":
                visitor.recv(1 << 16)
                time.sleep(120)
                return
            with socket.create_connection(self._behind) as server:
                self.connections.add(server)
                threading.Thread(target=self._copy, args=(server, visitor, 0.0), daemon=True).start()
                self._copy(visitor, server, SLOW_SECONDS if self.how == "slow" else 0.0)
                self.connections.discard(server)
        self.connections.discard(visitor)

    def _copy(self, source: socket.socket, target: socket.socket, pause: float) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(pause)
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _refuse(self, visitor: socket.socket, code: int) -> None:
        text = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "too much to do", "code": code}
        body = json.dumps(text).encode()
        head = f"HTTP/1.1 {code} {BUSY[code]}\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
        while visitor.recv(1 << 16):
            visitor.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
