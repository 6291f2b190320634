"""A Unix socket that leads to an address, for clients that take the address from the name."""

from __future__ import annotations

import select
import socket
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 65536


class _Relay(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, address: tuple[str, int], timeout: float) -> None:
        super().__init__(path, _Passing)
        self.address, self.limit = address, timeout


class _Passing(socketserver.BaseRequestHandler):
    server: _Relay

    def handle(self) -> None:
        """Pass on what either side sends, until one of them ends."""
        with socket.create_connection(self.server.address, self.server.limit) as far:
            other: dict[socket.socket, socket.socket] = {self.request: far, far: self.request}
            while True:
                for side in select.select(list(other), [], [])[0]:
                    piece = side.recv(PIECE)
                    if not piece:
                        return
                    other[side].sendall(piece)


@contextmanager
def relayed(host: str, port: int, timeout: float = 10.0) -> Iterator[str]:
    """The path of a socket that leads to the address, in a folder of the caller's own."""
    with (
        tempfile.TemporaryDirectory(prefix="relay-") as folder,
        _Relay(str(Path(folder) / "socket"), (host, port), timeout) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield str(server.server_address)
        finally:
            server.shutdown()
            thread.join()
