"""The handshake of a WebSocket, and the frames that carry bytes over one. RFC 6455."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from typing import Protocol

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
# Headers that the handshake itself sets.
OWN_HEADERS = ("connection", "upgrade", "sec-websocket-key", "sec-websocket-version")


class Readable(Protocol):
    """Where frames come from."""

    def read(self, size: int, /) -> bytes | None:
        """So many bytes; fewer only at the end."""


def handshake() -> dict[str, str]:
    """The headers of a request to change to it, with a key of its own."""
    key = base64.b64encode(os.urandom(16)).decode()
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }


def accepted(key: str) -> str:
    """The Sec-WebSocket-Accept that proves that the key was read by somebody who speaks the protocol."""
    # What the protocol prescribes, and no secret.
    digest = hashlib.sha1((key + _MAGIC).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def frame(kind: int, payload: bytes) -> bytes:
    """A frame as clients send it: whole, and masked."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = b"\xfe" + struct.pack(">H", size)
    else:
        length = b"\xff" + struct.pack(">Q", size)
    key = os.urandom(4)
    pattern = (key * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")
    return bytes([0x80 | kind]) + length + key + masked


def read_frame(stream: Readable) -> tuple[int, bytes]:
    """The next frame of a server; a close where the stream has ended."""
    head = stream.read(2) or b""
    if len(head) < 2:
        return CLOSE, b""
    size = head[1] & 0x7F
    if size > 125:
        width, form = (2, ">H") if size == 126 else (8, ">Q")
        (size,) = struct.unpack(form, (stream.read(width) or b"").rjust(width, b"\0"))
    return head[0] & 0x0F, (stream.read(size) or b"") if size else b""
