"""Document the action plugin registry_preflight, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: registry_preflight
short_description: Check that an image registry answers
description:
  - Asks the registry for its protocol, with the credentials that a push will use, and fails in one line.
  - Runs on the controller and changes nothing. Registries on this machine are asked without TLS, all others
    with it.
options:
  registry:
    description: A host, or a host and a path, such as V(docker.io/yourname).
    type: str
    required: true
  username:
    description: User name for the registry; empty uses what C(docker login) keeps.
    type: str
    default: ""
  password:
    description: Password or access token that belongs to O(username).
    type: str
    default: ""
  docker_config:
    description: Folder of the Docker CLI's configuration; empty is E(DOCKER_CONFIG), else C(~/.docker).
    type: str
    default: ""
  timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 20
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Check that the registry answers
  fastapi_mysql.k8s.registry_preflight:
    registry: 127.0.0.1:5000
"""

RETURN = r"""
---
host:
  description: The registry's host as images name it.
  returned: success
  type: str
"""
