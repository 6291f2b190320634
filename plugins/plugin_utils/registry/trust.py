"""Whose certificates a registry may show: what the system trusts, and what lies where Docker has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import config_path

ENGINE = Path("/etc/docker/certs.d")


def authorities(
    host: str, docker_config: str | None, environment: Mapping[str, str], engine: Path = ENGINE
) -> tuple[Path, ...]:
    """The files ``certs.d/<host>/*.crt``: beside the Docker CLI's configuration, else where the engine has its own.

    The engine's folder is Docker's rule. The one beside ``config.json`` is ours: it needs no root, and goes where the
    login goes.
    """
    for folder in (config_path(docker_config, environment).parent / "certs.d", engine):
        if found := sorted((folder / host).glob("*.crt")):
            return tuple(found)
    return ()
