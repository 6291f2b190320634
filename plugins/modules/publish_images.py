"""Document the action plugin publish_images, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: publish_images
short_description: Build and push the images that a registry lacks, side by side
description:
  - Makes a tag from what a build can bring into an image (paths, bytes, permissions, links, folders, Dockerfile, build
    arguments, target, platforms, digests of the images that the build starts from) and asks the registry for it.
    Honours C(.dockerignore) as BuildKit does. Times and owners do not count.
  - The images that the build starts from are those of C(FROM), C(COPY --from), C(RUN --mount=from=) and C(# syntax=), as
    far as the stages go that O(images[].target) needs. Their own registries are asked for their digests; one that is
    named by digest is not asked for. Where a registry does not respond, the digest that counted before goes on
    counting; it is kept in a label of the image that was built. Where there is none, the action
    fails. An image that its registry does not have, or does not show, counts by its name.
  - Builds and pushes those that are missing, each in a process of its own, with M(community.docker.docker_image_pull),
    M(community.docker.docker_image_build) and M(community.docker.docker_image_push). All are waited for, and each that failed is named. Nothing is pushed as long as one cannot be built.
  - Refuses what was built from sources, or on images, that changed meanwhile.
  - A login with O(username) is made in a folder of this run alone, and removed with it. What a run that was killed has left is
    removed by the next one.
  - Runs on the controller; supports check mode.
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
        description: A human-readable tag, which is to name the same content (M(fastapi_mysql.k8s.tag_images) moves it); empty asks for none.
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
        description: Build arguments (ARG). They are part of the content and no place for secrets.
        type: dict
        default: {}
      target:
        description: Stage of the Dockerfile to build; empty is the last one.
        type: str
        default: ""
      platforms:
        description: Platforms to build for; empty is the engine's own. More than one wants O(builder).
        type: list
        elements: str
        default: []
      bases:
        description: RV(images[].bases) of earlier in the run, which count where a registry no longer responds.
        type: dict
        default: {}
      reference:
        description: What was planned; sources that have become another image since then are refused. Empty takes them as they are.
        type: str
        default: ""
  build:
    description: Whether to build; otherwise what the engine has is pushed.
    type: bool
    default: true
  network:
    description: Network of the build's RUN steps, such as V(host); empty is the engine's own choice.
    type: str
    default: ""
  secrets:
    description: BuildKit secrets, as M(community.docker.docker_image_build) takes them.
    type: list
    elements: dict
    default: []
  builder:
    description: A builder of buildx that can build for all platforms and push by itself; empty is the engine's own.
    type: str
    default: ""
  docker_host:
    description: Address of the engine; empty is E(DOCKER_HOST), else C(unix:///var/run/docker.sock).
    type: str
    default: ""
  docker_cli:
    description: Docker CLI with the buildx plugin, a name in PATH or a path.
    type: str
    default: docker
extends_documentation_fragment:
  - fastapi_mysql.k8s.registry
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Build and push what the registry lacks
  fastapi_mysql.k8s.publish_images:
    registry: 127.0.0.1:5000
    images:
      - name: fastapi-mysql-api
        context: "{{ playbook_dir }}/../api"
  register: published
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
untagged:
  description: Those whose human-readable tag does not name them, as M(fastapi_mysql.k8s.tag_images) takes them.
  returned: success
  type: list
  elements: dict
"""
