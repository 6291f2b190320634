"""The least of a MySQL 8 server: its login by caching_sha2_password, and one-row answers."""

import hashlib
import os
import socketserver
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

# LONG_PASSWORD LONG_FLAG CONNECT_WITH_DB PROTOCOL_41 TRANSACTIONS SECURE_CONNECTION PLUGIN_AUTH
CAPABILITIES = 0x1 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000
OK = b"\x00\x00\x00\x02\x00\x00\x00"
EOF = b"\xfe\x00\x00\x02\x00"
DENIED = b"\xff\x15\x04#28000Access denied"

ANSWERS = {b"VERSION()": b"8.0.40", b"ISOLATION": b"REPEATABLE-READ"}


def sha256(data: bytes) -> bytes:
    """Return the digest."""
    return hashlib.sha256(data).digest()


def xor(data: bytes, key: bytes) -> bytes:
    """Return data XOR the repeated key."""
    return bytes(byte ^ key[i % len(key)] for i, byte in enumerate(data))


def text(data: bytes) -> bytes:
    """Return a length-encoded string."""
    return bytes([len(data)]) + data


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: "MySQL8"

    def send(self, payload: bytes) -> None:
        """Send one packet."""
        self.wfile.write(len(payload).to_bytes(3, "little"))
        self.wfile.write(bytes([self.number % 256]) + payload)
        self.number += 1

    def receive(self) -> bytes:
        """Return one packet, empty when the client has gone."""
        header = self.rfile.read(4)
        if len(header) < 4:
            return b""
        self.number = header[3] + 1
        return self.rfile.read(int.from_bytes(header[:3], "little"))

    def log_in(self) -> bool:
        """Say whether the client knows the password."""
        self.number = 0
        nonce = bytes(byte % 127 + 1 for byte in os.urandom(20))
        self.send(
            b"\x0a8.0.40\x00"
            + (1).to_bytes(4, "little")
            + nonce[:8]
            + b"\x00"
            + (CAPABILITIES & 0xFFFF).to_bytes(2, "little")
            + b"\x2d\x02\x00"
            + (CAPABILITIES >> 16).to_bytes(2, "little")
            + b"\x15"
            + bytes(10)
            + nonce[8:]
            + b"\x00caching_sha2_password\x00"
        )
        user, rest = self.receive()[32:].split(b"\x00", 1)
        proof = rest[1 : 1 + rest[0]]
        password = self.server.password
        once = sha256(password)
        expected = xor(once, sha256(sha256(once) + nonce))
        if user != self.server.user:
            return False
        if self.server.known:
            self.server.logins.append("fast")
            self.send(b"\x01\x03")
            return proof == expected
        self.send(b"\x01\x04")
        if self.receive() != b"\x02":
            return False
        self.send(b"\x01" + self.server.public_key)
        self.server.logins.append("full")
        return xor(self.server.decrypt(self.receive()), nonce) == password + b"\x00"

    def handle(self) -> None:
        """Log in, then answer."""
        if not self.log_in():
            self.server.logins.append("refused")
            self.send(DENIED)
            return
        self.send(OK)
        while command := self.receive():
            if command[:1] == b"\x01":
                return
            statement = command[1:].upper()
            if command[:1] != b"\x03" or not statement.startswith((b"SELECT", b"SHOW")):
                self.send(OK)
            elif b"FROM USERS" in statement and self.server.errors:
                code = self.server.errors.pop()
                self.send(b"\xff" + code.to_bytes(2, "little") + b"#HY000Broken")
            else:
                known = (word for word in ANSWERS if word in statement)
                self.answer(ANSWERS.get(next(known, b""), b"1"))

    def answer(self, value: bytes) -> None:
        """Send one row of one column."""
        column = b"".join(map(text, (b"def", b"", b"Users", b"Users", b"id", b"id")))
        self.send(b"\x01")
        self.send(column + b"\x0c\x2d\x00\x50\x00\x00\x00\xfd\x00\x00\x00\x00\x00")
        self.send(EOF)
        self.send(text(value))
        self.send(EOF)


class MySQL8(socketserver.ThreadingTCPServer):
    """A server with one user; `known` says whether it has the password in its cache."""

    daemon_threads = True

    def __init__(self, user: str, password: str, known: bool) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.port = int(self.server_address[1])
        self.user = user.encode()
        self.password = password.encode()
        self.known = known
        self.logins: list[str] = []
        self.errors: list[int] = []
        self._directory = tempfile.TemporaryDirectory()
        self._key = Path(self._directory.name) / "key.pem"
        self._openssl("genpkey", "-algorithm", "RSA", "-out", str(self._key))
        self.public_key = self._openssl("pkey", "-in", str(self._key), "-pubout")

    def _openssl(self, *arguments: str, data: bytes = b"") -> bytes:
        done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True)
        return done.stdout

    def decrypt(self, data: bytes) -> bytes:
        """Return what the client encrypted with the public key."""
        key = ("-inkey", str(self._key), "-pkeyopt", "rsa_padding_mode:oaep")
        return self._openssl("pkeyutl", "-decrypt", *key, data=data)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()
        self._directory.cleanup()
