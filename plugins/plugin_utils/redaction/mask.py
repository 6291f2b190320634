"""Take values that nobody may read out of texts, however they are written there."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable

HIDDEN = "(hidden)"
# A shorter value is hidden only where it stands alone: as a part of words it would take the text with it.
ALONE = 4
# A shorter core of base64 would be found by chance.
CORE = 8


def _encodings(value: str) -> set[str]:
    """The ways in which logs, JSON, URLs, shells and base64 write a value."""
    raw = value.encode()
    found = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        value.replace("'", "'\\''"),
        value.replace("'", "''"),
        value.replace("$", "$$"),
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote(value),
        urllib.parse.quote_plus(value),
        raw.hex(),
        raw.hex().upper(),
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found.add(encode(raw).decode())
        found.add(encode(raw + b"\n").decode())
        # In the middle of something longer, a value begins at one of three places of a group, and shares its ends.
        for offset in range(3):
            text = encode(b"\0" * offset + raw).decode().rstrip("=")
            core = text[(0, 2, 3)[offset] : len(text) - (1 if (offset + len(raw)) % 3 else 0)]
            found |= {core} if len(core) >= CORE else set()
    return {text for text in found if text}


class Mask:
    """Hides values in texts."""

    def __init__(self, values: Iterable[str]) -> None:
        """Lines of a value of several lines are hidden each, too."""
        texts: set[str] = set()
        alone: set[str] = set()
        for value in {part for whole in values for part in (whole, whole.strip(), *whole.splitlines()) if part.strip()}:
            if len(value) < ALONE:
                alone.add(value)
            else:
                texts |= _encodings(value)
        # The longest first, so that no value's end is left because its beginning is a value, too.
        parts = [re.escape(text) for text in sorted(texts, key=len, reverse=True)]
        parts += [rf"(?<!\w){re.escape(text)}(?!\w)" for text in sorted(alone, key=len, reverse=True)]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def __call__(self, text: str) -> str:
        """The text without the values."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text
