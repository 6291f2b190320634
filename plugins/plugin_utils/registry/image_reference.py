"""Names of container images, read the way the Docker CLI reads them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..errors import UserError

DOCKER_HUB = "docker.io"
# What answers for Docker Hub is not called docker.io.
DOCKER_HUB_API = "registry-1.docker.io"
DOCKER_HUB_ALIASES = frozenset({DOCKER_HUB, "index.docker.io", DOCKER_HUB_API, "registry.hub.docker.com"})

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")


class BadReference(UserError, ValueError):
    """A text that is not an image reference; the message says why."""


@dataclass(frozen=True)
class ImageReference:
    """One image: where it is (host and repository) and which one (tag or digest)."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The name without tag and digest, with the registry's host in front."""
        return f"{self.host}/{self.repository}"

    @property
    def api_host(self) -> str:
        """The host (and port) that speaks the registry's protocol."""
        return DOCKER_HUB_API if self.host == DOCKER_HUB else self.host

    @property
    def manifest(self) -> str:
        """What the registry calls the manifest: its digest, else its tag, else ``latest``."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` (with or without a port) is this machine: spoken to without TLS, as Docker does."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_host(component: str) -> bool:
    return "." in component or ":" in component or component == "localhost"


def split_registry(registry: str) -> tuple[str, str]:
    """Split ``docker.io/yourname`` into the registry's host and the path that repositories begin with."""
    if "://" in registry:
        raise BadReference(f"'{registry}' has a scheme: write it without {registry.partition('://')[0]}://")
    host, _, path = registry.strip("/").partition("/")
    if not _is_host(host):
        host, path = DOCKER_HUB, registry.strip("/")
    if not _HOST.fullmatch(host):
        raise BadReference(f"'{registry}' does not begin with a host name")
    if path and not _REPOSITORY.fullmatch(path):
        raise BadReference(
            f"'{path}' in '{registry}' is not a repository path (lower case letters, digits, . _ - and /)"
        )
    return (DOCKER_HUB if host in DOCKER_HUB_ALIASES else host), path


def parse_reference(text: str) -> ImageReference:
    """Read an image reference such as ``python:3.13-slim`` or ``127.0.0.1:5000/api@sha256:…``."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise BadReference(f"'{digest}' in '{text}' is not a digest")
    # The last colon parts a tag only when no slash follows: 127.0.0.1:5000/api has a port, no tag.
    tag: str | None = None
    if ":" in rest.rpartition("/")[2]:
        rest, _, tag = rest.rpartition(":")
        if not _TAG.fullmatch(tag):
            raise BadReference(f"'{tag}' in '{text}' is not a tag")
    first, slash, remainder = rest.partition("/")
    if slash and _is_host(first):
        host, path = split_registry(first)[0], remainder
    else:
        host, path = DOCKER_HUB, rest
    if not _REPOSITORY.fullmatch(path):
        raise BadReference(f"'{text}' is not an image reference")
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return ImageReference(host, path, tag, digest or None)


def reference_below(registry: str, name: str, tag: str | None = None) -> ImageReference:
    """Name the image ``name:tag`` below ``registry`` (a host, or a host and a path)."""
    host, path = split_registry(registry)
    repository = f"{path}/{name}" if path else name
    if not _REPOSITORY.fullmatch(repository):
        raise BadReference(f"'{name}' is not an image name (lower case letters, digits, . _ - and /)")
    if host == DOCKER_HUB and "/" not in repository:
        raise BadReference(f"'{registry}' names no account on Docker Hub: write docker.io/yourname")
    if tag is not None and not _TAG.fullmatch(tag):
        raise BadReference(f"'{tag}' is not an image tag (letters, digits, . _ -, at most 128)")
    return ImageReference(host, repository, tag)
