"""Filter: a checksum of credentials that changes with them and does not give them away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

# scrypt: 16 MiB and about 40 ms a guess, so that a reader of the annotation cannot try passwords by the million.
COST = {"n": 2**14, "r": 8, "p": 1}


def credentials_checksum(values: list[Any], salt: str) -> str:
    """16 hexadecimal digits of scrypt over the values; `salt` is a name, so that equal passwords differ by target."""
    text = json.dumps([str(value) for value in values], ensure_ascii=True)
    return hashlib.scrypt(text.encode(), salt=salt.encode(), dklen=8, **COST).hex()


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters of this file."""
        return {"credentials_checksum": credentials_checksum}
