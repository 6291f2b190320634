"""What came back from one request, or why nothing did."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN = 120


def as_it_is(text: str) -> str:
    """Of a request that carries no secret nothing is hidden."""
    return text


@dataclass(frozen=True)
class Answer:
    """What came back, or why nothing did."""

    status: int = 0
    body: str = ""
    error: str = ""
    seconds: float = 0.0
    # What the body is, as the header Content-Type says.
    kind: str = ""
    # Whether it is not the one who was asked that gave none, as far as can be known: nobody has reached them.
    unreached: bool = False
    # By name in lower case; what is there several times, separated by commas, cookies by line feeds.
    headers: Mapping[str, str] = field(default_factory=dict)
    # What is wrong with it, whatever is expected: a handshake that is none, nothing to save.
    flaw: str = ""
    # Why nobody was asked, which is nobody's fault.
    unsent: str = ""
    # The type of the cause, where the server's certificate is why there is no answer.
    distrust: str = ""
    # Takes out of a text what is shown of it what must not be read.
    hide: Callable[[str], str] = field(default=as_it_is, compare=False, repr=False)

    def shown(self) -> str:
        """One short line for people."""
        if self.unsent:
            return f"(not requested: {self.unsent})"
        return self.hide(self.error) or f"{self.status} {shortened(self.hide(self.body))}".rstrip()

    def essence(self) -> object:
        """What two answers must share to be the same: JSON by its value, whatever the order of its keys."""
        try:
            return self.status, parsed(self.body)
        except ValueError:
            return self.status, self.body


def parsed(body: str) -> Any:
    """The value of a JSON text; a ValueError for one that cannot be read, however deep it is nested."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def shortened(text: str, limit: int = SHOWN) -> str:
    """A body on one line; what is cut off is counted."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else f"{folded[:limit]}… ({len(text.encode())} bytes)"
