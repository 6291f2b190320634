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
    """Where the database is, who the API is there, and how it works."""

    user: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 3306
    database: str = "Main"
    # How many callers may share one question to the database. 1: each asks its own.
    batch: int = 100
    log_all: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the variables MYSQL_* and API_*; an empty one counts as not set."""
        faults = [
            f"{name} is not set or empty" for name in ("MYSQL_USER", "MYSQL_PASSWORD") if not environment.get(name)
        ]
        port = 0
        try:
            port = read_port(environment, "MYSQL_PORT", 3306)
        except SettingsError as fault:
            faults.append(str(fault))
        if (log := environment.get("API_LOG") or "faults") not in ("faults", "all"):
            faults.append(f"API_LOG: {log!r} is not 'faults' or 'all'")
        batch = environment.get("API_BATCH") or "100"
        if not (batch.isascii() and batch.isdigit() and 1 <= int(batch[:9]) <= 1000):
            faults.append(f"API_BATCH: {batch!r} is not a number from 1 to 1000")
        if faults:
            raise SettingsError("; ".join(faults))
        return cls(
            user=environment["MYSQL_USER"],
            password=environment["MYSQL_PASSWORD"],
            host=environment.get("MYSQL_HOST") or "127.0.0.1",
            port=port,
            database=environment.get("MYSQL_DATABASE") or "Main",
            batch=int(batch),
            log_all=log == "all",
        )
