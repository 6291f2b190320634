"""Ask whether a Docker engine answers, without the Docker SDK (0.2 s of import)."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import urllib.parse
from collections.abc import Mapping
from http import HTTPStatus

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.hidden_environment import inherited

from ..errors import UserError
from ..unix_connection import UnixConnection

DEFAULT_HOST = "unix:///var/run/docker.sock"


class NoEngine(UserError):
    """No engine answers; the message is one line for a person."""


def _connection(host: str, timeout: float) -> http.client.HTTPConnection | None:
    parts = urllib.parse.urlsplit(host)
    if parts.scheme == "unix":
        return UnixConnection(parts.path, timeout)
    if parts.scheme in ("tcp", "http") and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=timeout)
    return None


def check_engine(docker_host: str | None, environment: Mapping[str, str], timeout: float = 10) -> str:
    """Return the address of the engine that answers, or raise NoEngine."""
    host = docker_host or environment.get("DOCKER_HOST") or DEFAULT_HOST
    with_tls = environment.get("DOCKER_TLS_VERIFY") or environment.get("DOCKER_TLS")
    connection = None if with_tls and not host.startswith("unix:") else _connection(host, timeout)
    if connection is None:
        # TLS with client certificates, SSH: left to the Docker modules, which know how.
        return host
    try:
        connection.request("GET", "/_ping")
        status = connection.getresponse().status
    except PermissionError as error:
        raise NoEngine(
            f"The Docker engine at {host} refuses this user: join the group docker, or set app_docker_host"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NoEngine(f"No Docker engine responds at {host} ({why}): start it or set app_docker_host") from error
    finally:
        connection.close()
    if status != HTTPStatus.OK:
        raise NoEngine(f"No Docker engine responds at {host} (status {status}): start it or set app_docker_host")
    return host


def engine_holds(host: str, image: str, digest: str, timeout: float = 10) -> bool:
    """Whether the engine has this image, with this digest; what cannot be asked counts as no."""
    connection = _connection(host, timeout)
    if connection is None:
        return False
    try:
        connection.request("GET", f"/images/{urllib.parse.quote(image)}/json")
        answer = connection.getresponse()
        found = json.loads(answer.read()) if answer.status == HTTPStatus.OK else {}
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return any(str(one).endswith(f"@{digest}") for one in found.get("RepoDigests") or [])


def check_builder(cli: str, builder: str, platforms: list[str], environment: Mapping[str, str]) -> None:
    """Raise NoEngine unless the builder can build for all platforms; there is no API for it but buildx itself."""
    name = builder or "default"
    asked = subprocess.run(
        [cli, "buildx", "inspect", name],
        env=inherited(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if asked.returncode:
        said = " ".join(asked.stderr.split()) or f"status {asked.returncode}"
        raise NoEngine(
            f"The builder '{name}' cannot be used ({said}): see `docker buildx ls`, or correct image_builder"
        )
    described = dict(re.findall(r"^(\w+):[ \t]*(.*)$", asked.stdout, re.MULTILINE))
    able = {one.strip().rstrip("*") for one in described.get("Platforms", "").split(",") if one.strip()}
    if lacking := [one for one in platforms if one not in able]:
        raise NoEngine(
            f"The builder '{name}' cannot build for {', '.join(lacking)} "
            f"(it can: {', '.join(sorted(able)) or 'nothing'}): "
            "change image_platforms, or name another builder in image_builder"
        )
    if len(platforms) > 1 and described.get("Driver") == "docker":
        raise NoEngine(
            f"The builder '{name}' is the engine's own, which holds an image for one platform only: make another "
            "(`docker buildx create --name multi --driver docker-container`), and set image_builder=multi"
        )
