"""Environment variables that are for this program alone: no program that it starts inherits them."""

from __future__ import annotations

import os
from collections.abc import Mapping

# What the inventories of this repository read a secret from.
NAMES = ("APP_DB_PASSWORD", "DOCKERHUB_TOKEN")


def hide() -> None:
    """Take them out of what programs started from here inherit; `os.environ`, which lookups read, still has them."""
    for name in NAMES:
        os.unsetenv(name)


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy without them, to start a program with."""
    return {name: value for name, value in environment.items() if name not in NAMES}
