"""What can go wrong between here and a Kubernetes API server, as one line for a person."""

from __future__ import annotations

import re

from ..errors import UserError


class KubeError(UserError):
    """Base of all errors of the client; its text is one line that can be shown as it is."""


class KubeconfigError(KubeError):
    """The kubeconfig is missing, unreadable, or does not hold what was asked for."""


class ConnectionFailedError(KubeError):
    """No answer from the API server: refused, unknown name, timeout, untrusted TLS."""


class ApiError(KubeError):
    """The API server answered with an error status."""

    def __init__(self, text: str, status: int, message: str = "", retry_after: float | None = None) -> None:
        """Keep the status, the server's own words and the wait it asks for beside the text for people."""
        super().__init__(text)
        self.status = status
        self.message = message or text
        self.retry_after = retry_after
        # What the server says of single fields (`details.causes`): each with reason, field and message, or less.
        self.causes: list[dict[str, str]] = []


class BusyError(ApiError):
    """429 or 503: the server takes no more requests for now, or has nobody behind it."""


class GoneError(ApiError):
    """410: what was watched is too old to be told from there on; list it again."""


class UnauthorizedError(ApiError):
    """401: the credentials are wrong or have expired."""


class ForbiddenError(ApiError):
    """403: the credentials are valid, but may not do this."""


class NotFoundError(ApiError):
    """404: neither the object nor, perhaps, its namespace or kind is there."""


def without_trial(error: ApiError) -> str:
    """The admission webhook because of which the cluster refuses to try something; empty if that is not why.

    A webhook has to declare that it has no side effects, or none on a dry run.
    """
    found = re.search(r'admission webhook "([^"]+)" does not support dry run', error.message)
    return found[1] if found and error.status == 400 else ""


def one_line(text: str, limit: int = 600) -> str:
    """Fold white space, so that an error stays one line, and keep it readable."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
