"""The options of every action that talks to an image registry; their types: plugin_utils/registry/session.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  username:
    description: User name for the registry; empty uses what C(docker login) keeps.
    type: str
    default: ""
  password:
    description: Password or access token that belongs to O(username).
    type: str
    default: ""
  docker_config:
    description:
      - Folder of the Docker CLI's configuration; empty is E(DOCKER_CONFIG), else C(~/.docker).
      - C(certs.d/HOST/ca.crt) in it (else in C(/etc/docker)) is the authority of the registry HOST's certificate.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 20
"""
