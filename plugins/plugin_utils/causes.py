"""Why a deployment cannot come up, or does not give what it should: a type, a sentence, a remedy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .kube.errors import KubeError


@dataclass(frozen=True)
class Cause:
    """One cause. The type is for programs, the message says what is wrong, the remedy what to do."""

    type: str
    message: str
    remedy: str
    pod: str = ""
    container: str = ""

    def as_dict(self) -> dict[str, str]:
        """For a result, a report, the black box."""
        return asdict(self)

    def sentence(self) -> str:
        """Type, message and remedy on one line."""
        return f"{self.type}: {self.message.rstrip('.')}. {self.remedy}".rstrip()


class CausedError(KubeError):
    """A failure whose cause is known."""

    def __init__(self, text: str, cause: Cause) -> None:
        """Keep the cause beside the line for people."""
        super().__init__(text)
        self.cause = cause
        self.details: dict[str, Any] = {"cause": cause.as_dict()}
