"""Write a value so that Docker Compose reads it from an env file as it is."""

from __future__ import annotations

from collections.abc import Callable

# The backslash first: it is what the others are written with.
SPECIAL = ("\\", '"', "$")


def dotenv(value: object) -> str:
    """The value in double quotes, with a backslash before each character that Compose would take for something else."""
    text = str(value)
    for character in SPECIAL:
        text = text.replace(character, f"\\{character}")
    return f'"{text}"'


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by name."""
        return {"dotenv": dotenv}
