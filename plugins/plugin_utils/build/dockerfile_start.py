"""What a Dockerfile says of how its last stage is started: ports, user and command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .dockerfile import expanded, instructions_of, unquoted

_PORT = re.compile(r"([0-9]{1,5})(?:/tcp)?")
# As servers are told: --port 8000, --port=8000, -p 8000, --bind 0.0.0.0:8000, -b :8000.
_TOLD = re.compile(r"(?:^|\s)(?:--port|-p|--bind|-b)(?:\s+|=)(?:\S*:)?([0-9]{1,5})(?=\s|$)")


@dataclass(frozen=True)
class Start:
    """How a stage is started. What its base image says of it is not known."""

    ports: tuple[int, ...] = ()
    user: str = ""
    command: tuple[str, ...] = ()

    @property
    def told_port(self) -> int | None:
        """The port that the command names."""
        found = _TOLD.search(" ".join(self.command))
        return int(found[1]) if found else None


def start_of(text: str) -> Start:
    """The last stage's, with what it has of the stages that it is built on."""
    stages: dict[str, Start] = {}
    start, name, arguments = Start(), "", dict[str, str]()
    for instruction, words in instructions_of(text):
        if instruction == "FROM":
            stages[name] = start
            plain = [word for word in words if not word.startswith("--")]
            start = stages.get(plain[0].lower(), Start()) if plain else Start()
            name = plain[2].lower() if len(plain) > 2 and plain[1].upper() == "AS" else ""
        elif instruction in ("ARG", "ENV"):
            arguments |= dict(_assignments(words, arguments))
        elif instruction == "EXPOSE":
            found = [_PORT.fullmatch(expanded(unquoted(word), arguments)) for word in words]
            start = replace(start, ports=start.ports + tuple(int(one[1]) for one in found if one))
        elif instruction == "USER" and words:
            start = replace(start, user=expanded(unquoted(words[0]), arguments))
        elif instruction in ("CMD", "ENTRYPOINT"):
            start = replace(start, command=start.command + tuple(expanded(one, arguments) for one in _command(words)))
    return replace(start, ports=tuple(dict.fromkeys(start.ports)))


def _assignments(words: list[str], arguments: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What ARG and ENV set, ENV's older form (`ENV PORT 8000`) included."""
    if len(words) == 2 and "=" not in words[0]:
        words = ["=".join(words)]
    for word in words:
        name, given, value = unquoted(word).partition("=")
        if given:
            yield name, expanded(value, arguments)


def _command(words: list[str]) -> list[str]:
    """The words of a list; the line itself where a shell reads it."""
    line = " ".join(words)
    try:
        found = json.loads(line)
    except ValueError:
        return [line]
    return [str(one) for one in found] if isinstance(found, list) else [line]
