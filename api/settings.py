"""What the API is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(Exception):
    """One line that names every fault in the environment."""


def parse_port(text: str) -> int:
    """Return the TCP port that the text names, or raise ValueError."""
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 1 <= port <= 65535:
        raise ValueError(f"{text!r} is not a port: give a number from 1 to 65535")
    return port


def read_port(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return the port in the variable `name`; empty counts as not set."""
    text = environment.get(name, "")
    try:
        return parse_port(text) if text else default
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the database is, and who the API is there."""

    user: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 3306
    database: str = "Main"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the MYSQL_* variables; an empty one counts as not set."""
        faults = [
            f"{name} is not set or empty" for name in ("MYSQL_USER", "MYSQL_PASSWORD") if not environment.get(name)
        ]
        port = 0
        try:
            port = read_port(environment, "MYSQL_PORT", 3306)
        except SettingsError as fault:
            faults.append(str(fault))
        if faults:
            raise SettingsError("; ".join(faults))
        return cls(
            user=environment["MYSQL_USER"],
            password=environment["MYSQL_PASSWORD"],
            host=environment.get("MYSQL_HOST") or "127.0.0.1",
            port=port,
            database=environment.get("MYSQL_DATABASE") or "Main",
        )
