"""Document the action plugin image_state, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_state
short_description: Ask a registry for the image that a build context stands for
description:
  - Makes a tag from the content of a build context (paths, bytes, executable bits, links, Dockerfile, build
    arguments, target, platform) and asks the registry for it. Honours C(.dockerignore) as BuildKit does.
    Times, owners and empty folders do not count.
  - A build argument C(BASE_IMAGE) that names an image below O(registry) counts by its digest, so that a
    base image of one's own that has moved gives another image; any other counts by its name. Pin such a
    base by digest to follow it.
  - Runs on the controller and changes nothing.
options:
  registry:
    description: A host, or a host and a path, such as V(docker.io/yourname).
    type: str
    required: true
  name:
    description: Name of the image below the registry.
    type: str
    required: true
  alias:
    description: A tag for people, which is to name the same content; empty asks for none.
    type: str
    default: ""
  context:
    description: Folder with everything that the build may copy.
    type: str
    required: true
  dockerfile:
    description: Dockerfile, relative to the context.
    type: str
    default: Dockerfile
  build_args:
    description: Build arguments.
    type: dict
    default: {}
  target:
    description: Stage of the Dockerfile to build.
    type: str
    default: ""
  platform:
    description: Platform to build for.
    type: str
    default: ""
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
- name: Look for this content in the registry
  fastapi_mysql.k8s.image_state:
    registry: 127.0.0.1:5000
    name: fastapi-mysql-api
    context: "{{ playbook_dir }}/../api"
  register: image
"""

RETURN = r"""
---
name:
  description: The image's name with its registry, without a tag.
  returned: success
  type: str
tag:
  description: The tag that the content gives.
  returned: success
  type: str
  sample: content-5a5a0e4f27f49408e84c
reference:
  description: Name and tag.
  returned: success
  type: str
present:
  description: Whether the registry has it.
  returned: success
  type: bool
digest:
  description: The digest in the registry, or null.
  returned: success
  type: str
pinned:
  description: Name and digest, or null.
  returned: success
  type: str
alias_digest:
  description: The digest that the tag for people names now, or null.
  returned: success
  type: str
alias_current:
  description: Whether the tag for people names this content.
  returned: success
  type: bool
base_digest:
  description: The digest of the base image, or null when it counts by its name.
  returned: success
  type: str
"""
