"""Document the action plugin docker_engine, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: docker_engine
short_description: Check that a Docker engine responds
description:
  - Pings the engine over its Unix socket or plain TCP and fails in one line. Addresses with TLS or SSH are
    left to the Docker modules.
  - Runs on the controller and changes nothing.
options:
  docker_host:
    description: Address of the engine; empty is E(DOCKER_HOST), else C(unix:///var/run/docker.sock).
    type: str
    default: ""
  docker_cli:
    description: Docker CLI that has to be there too, a name in PATH or a path; empty is not looked for.
    type: str
    default: ""
  docker_config:
    description: Folder of the Docker CLI's configuration; empty is E(DOCKER_CONFIG), else C(~/.docker).
    type: str
    default: ""
  builder:
    description: A builder of buildx that must be able to build for O(platforms); empty is the engine's own.
    type: str
    default: ""
  platforms:
    description: Platforms to build for; empty asks no builder.
    type: list
    elements: str
    default: []
  images:
    description: Images to look for in the engine, name to digest.
    type: dict
    default: {}
  timeout:
    description: Seconds to wait for the answer.
    type: int
    default: 10
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Check that a Docker engine responds
  fastapi_mysql.k8s.docker_engine:
"""

RETURN = r"""
---
docker_host:
  description: The address that was asked.
  returned: success
  type: str
lacks:
  description: Those of O(images) that the engine does not have with their digest.
  returned: success
  type: list
  elements: str
"""
