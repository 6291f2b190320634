"""The API server's end of a port that is forwarded over a WebSocket, to a server of this machine."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.websocket import accepted

PROTOCOL = "v4.channel.k8s.io"


def switch(handler: BaseHTTPRequestHandler, protocol: str = "") -> None:
    """Change to the protocol that the client has asked for."""
    handler.send_response(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", accepted(handler.headers["Sec-WebSocket-Key"]))
    if protocol:
        handler.send_header("Sec-WebSocket-Protocol", protocol)
    handler.end_headers()


def forward(handler: BaseHTTPRequestHandler, port: int) -> None:
    """Carry bytes to and fro until one side ends; port 0 is one at which nobody listens."""
    assert handler.headers["Sec-WebSocket-Protocol"] == PROTOCOL
    switch(handler, PROTOCOL)
    handler.close_connection = True
    for channel in (0, 1):
        send(handler, channel, struct.pack("<H", 8000))
    if not port:
        send(handler, 1, b"error forwarding port 8000: connection refused")
        return
    # Nobody who reads may take this for data.
    handler.wfile.write(b"\x89\x02hi")
    with socket.create_connection(("127.0.0.1", port)) as pod:
        threading.Thread(target=to_client, args=(handler, pod), daemon=True).start()
        with contextlib.suppress(OSError):
            while data := read(handler):
                pod.sendall(data)


def to_client(handler: BaseHTTPRequestHandler, pod: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := pod.recv(70_000):
            send(handler, 0, data)
        handler.wfile.write(b"\x88\x00")


def send(handler: BaseHTTPRequestHandler, channel: int, data: bytes) -> None:
    """A frame as servers send it, in each of its three lengths."""
    size = len(data) + 1
    if size < 126:
        length = bytes([size])
    else:
        length = b"\x7e" + struct.pack(">H", size) if size < 1 << 16 else b"\x7f" + struct.pack(">Q", size)
    handler.wfile.write(b"\x82" + length + bytes([channel]) + data)


def read(handler: BaseHTTPRequestHandler) -> bytes:
    """The data of the next message; none at the end. Clients mask theirs."""
    head = handler.rfile.read(2)
    if len(head) < 2 or head[0] & 0x0F == 8:
        return b""
    size = head[1] & 0x7F
    assert head[1] & 0x80
    if size > 125:
        size = int.from_bytes(handler.rfile.read(2 if size == 126 else 8), "big")
    key = handler.rfile.read(4)
    payload = bytes(one ^ key[number % 4] for number, one in enumerate(handler.rfile.read(size)))
    if head[0] & 0x0F == 10:
        return read(handler)
    assert payload[0] == 0
    return payload[1:]
