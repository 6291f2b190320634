"""Document the action plugin image_state, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_state
short_description: Ask a registry for the images that build contexts stand for
description:
  - Makes a tag from what a build can bring into an image (paths, bytes, permissions, links, folders, Dockerfile, build
    arguments, target, platforms, digests of the images that the build starts from) and asks the registry for it.
    Honours C(.dockerignore) as BuildKit does. Times and owners do not count.
  - The images that the build starts from are those of C(FROM), C(COPY --from), C(RUN --mount=from=) and C(# syntax=), as
    far as the stages go that O(images[].target) needs. Their own registries are asked for their digests; one that is
    named by digest is not asked for. Where a registry does not respond, the digest that counted before goes on
    counting, and the action warns; it is kept in a label of the image that was built. Where there is none, the action
    fails. An image that its registry does not have, or does not show, counts by its name.
  - Runs on the controller and changes nothing.
options:
  registry:
    description: A host, or a host and a path, such as V(docker.io/yourname).
    type: str
    required: true
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the image below the registry.
        type: str
        required: true
      tag:
        description: A human-readable tag, which is to name the same content; empty asks for none.
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
      platforms:
        description: Platforms to build for; empty is this machine's own.
        type: list
        elements: str
        default: []
      bases:
        description: RV(images[].bases) of earlier in the run, which count where a registry no longer responds.
        type: dict
        default: {}
extends_documentation_fragment:
  - fastapi_mysql.k8s.registry
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Look for this content in the registry
  fastapi_mysql.k8s.image_state:
    registry: 127.0.0.1:5000
    images:
      - name: fastapi-mysql-api
        context: "{{ playbook_dir }}/../api"
  register: found
"""

RETURN = r"""
---
images:
  description: What is known of each image.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Its name below the registry., type: str}
    repository: {description: "Its name with its registry, without a tag.", type: str}
    tag: {description: The tag that the content gives., type: str, sample: content-5a5a0e4f27f49408e84c}
    reference: {description: Repository and tag., type: str}
    present: {description: Whether the registry has it., type: bool}
    digest: {description: "The digest in the registry, or null.", type: str}
    pinned: {description: "Repository and digest, or null.", type: str}
    alias_current: {description: Whether the human-readable tag names this content., type: bool}
    unchecked: {description: "Where a builder that pushes by itself puts it until it is known that the sources have not moved.", type: str}
    bases: {description: "The images that the build starts from, name to digest; empty for one that counts by its name.", type: dict}
    base_notes: {description: "What is not as it should be with them.", type: list}
    labels: {description: "The labels that the image is to get, so that a later run knows its bases.", type: dict}
    pins: {description: "Build arguments that name the base image by its digest.", type: dict}
    pulls: {description: "The images that the engine is to have before the build, name to digest.", type: dict}
"""
