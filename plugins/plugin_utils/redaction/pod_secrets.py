"""What of a Pod and of its Secrets must not be read in a log."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

# Names of variables whose values everybody may know, and that are words of every log.
HARMLESS = {
    "API_PORT",
    "MYSQL_HOST",
    "MYSQL_PORT",
    "MYSQL_TCP_PORT",
    "MYSQL_USER",
    "MYSQL_DATABASE",
    "MYSQL_BIND_ADDRESS",
}
# A shorter value of a variable that does not sound secret is a word like "true" or "debug".
TELLING = 8
_SECRET_NAMES = ("PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "PRIVATE", "SALT")


def secret_names(pod_spec: Object) -> set[str]:
    """The Secrets that a Pod uses."""
    found: set[str] = set()
    for container in [*(pod_spec.get("initContainers") or []), *(pod_spec.get("containers") or [])]:
        references = [(item.get("valueFrom") or {}).get("secretKeyRef") for item in container.get("env") or []]
        references += [item.get("secretRef") for item in container.get("envFrom") or []]
        found |= {str(item["name"]) for item in references if item}
    return found | {
        str(item["secret"].get("secretName")) for item in pod_spec.get("volumes") or [] if item.get("secret")
    }


def secret_values(secret: Object) -> Iterator[str]:
    """What a Secret holds, in clear: to hide it, and for nothing else."""
    for text in (secret.get("data") or {}).values():
        try:
            yield base64.b64decode(str(text)).decode()
        except (binascii.Error, UnicodeDecodeError):
            # No text: a log could only show it encoded.
            yield str(text)


def environment_values(pod_spec: Object) -> Iterator[str]:
    """The values of a Pod's variables that must not be read in a log."""
    for container in [*(pod_spec.get("initContainers") or []), *(pod_spec.get("containers") or [])]:
        for item in container.get("env") or []:
            name, value = str(item.get("name", "")).upper(), str(item.get("value") or "")
            secret = any(part in name for part in _SECRET_NAMES)
            if value and name not in HARMLESS and (secret or len(value) >= TELLING):
                yield value
