"""What has to be known of a new target: given, requested on a terminal, or what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import UserError
from .detection import Found

# A line from a terminal; None where there is none.
Ask = Callable[[str], str | None]


class NotGiven(UserError):
    """What nobody has said and nothing tells; the message names the variable."""


@dataclass(frozen=True)
class Answers:
    """All that the files are made of, beside what was found."""

    name: str
    port: str
    readiness_path: str
    liveness_path: str
    registry: str
    ingress_host: str
    base_url: str


class Questions:
    """Each question once: who has given a value is not asked for it."""

    def __init__(self, given: dict[str, str], ask: Ask) -> None:
        self.given, self.ask = given, ask

    def answer(self, found: Found) -> Answers:
        """Raises NotGiven."""
        usual = found.framework.port if found.framework else ""
        readiness = self._one("readiness_path", "Path that responds with 200 when it is ready", found.readiness or "/")
        host = self._one("ingress_host", "Host name that it is reached by (none: any)", "")
        return Answers(
            self._wanted("name", "Name of the application", "", "What the application is called is not given"),
            self._wanted("port", "Port that it listens on", found.port or "", _without_port(found), usual),
            readiness,
            self._one("liveness_path", "Path that responds with 200 as long as it lives", found.liveness or readiness),
            self._one("registry", "Registry of its image, such as docker.io/yourname", ""),
            host,
            self._one("base_url", "Where the Ingress controller is reached", f"http://{host or '127.0.0.1'}"),
        )

    def _one(self, name: str, text: str, default: str) -> str:
        if self.given[name]:
            return self.given[name]
        typed = self.ask(f"{text} [{default}]: " if default else f"{text}: ")
        return (typed or "").strip() or default

    def _wanted(self, name: str, text: str, found: object, lacking: str, usual: object = "") -> str:
        """What has no default that would do: on a terminal there may be a likely one."""
        if self.given[name] or found:
            return self._one(name, text, str(found))
        typed = self.ask(f"{text} [{usual}]: " if usual else f"{text}: ")
        value = "" if typed is None else typed.strip() or str(usual)
        if not value:
            raise NotGiven(f"{lacking}, and nothing was written: set new_{name} (-e new_{name}=…)")
        return value


def _without_port(found: Found) -> str:
    if found.start is None:
        return "The sources do not tell which port the API listens on"
    if found.start.ports:
        return (
            f"The Dockerfile exposes the ports {' and '.join(map(str, found.start.ports))}, of which one is the API's"
        )
    return "The Dockerfile has no EXPOSE, so which port the API listens on is not known"
