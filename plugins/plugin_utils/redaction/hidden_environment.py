"""Environment variables that are for this program alone: no program that it starts inherits them."""

from __future__ import annotations

import os
from collections.abc import Mapping

# What inventories read a secret from: those of this repository, and `app_secrets` of any.
NAMES = ("APP_DB_PASSWORD", "DOCKERHUB_TOKEN")
PREFIX = "APP_SECRET_"


def hide() -> None:
    """Take them out of what programs started from here inherit; `os.environ`, which lookups read, still has them."""
    for name in filter(is_secret, list(os.environ)):
        os.unsetenv(name)


def is_secret(name: str) -> bool:
    """Whether an environment variable is for this program alone."""
    return name in NAMES or name.startswith(PREFIX)


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy without them, to start a program with."""
    return {name: value for name, value in environment.items() if not is_secret(name)}
