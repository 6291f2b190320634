"""Passwords as they are kept: salted, and slow to guess (scrypt, RFC 7914)."""

from __future__ import annotations

import hashlib
import hmac
import os


def hashed(password: str) -> str:
    """What is kept of a password: salt and digest, as hexadecimal digits."""
    salt = os.urandom(16)
    return f"{salt.hex()}:{_digest(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """Whether it is the password that this was made from."""
    salt, _, digest = kept.partition(":")
    return hmac.compare_digest(_digest(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
