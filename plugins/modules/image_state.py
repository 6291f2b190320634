"""Document the action plugin image_state, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_state
short_description: Ask a registry for the images that build contexts stand for
description:
  - Makes a tag from the content of a build context (paths, bytes, executable bits, links, Dockerfile, build
    arguments, target, platforms, digest of the base image) and asks the registry for it. Honours C(.dockerignore)
    as BuildKit does. Times, owners and empty folders do not count.
  - The base image is the one that the build argument C(BASE_IMAGE) names. Its own registry is asked for its digest;
    one that is named by digest is not asked for. When it cannot be asked, the base image counts by its name, and
    RV(images[].base_note) says so.
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
      platforms:
        description: Platforms to build for; empty is this machine's own.
        type: list
        elements: str
        default: []
  required:
    description: Whether an image that the registry lacks is an error.
    type: bool
    default: false
  hold_to:
    description: File with a saved plan (M(fastapi_mysql.k8s.manifests_plan)); when the sources have moved since, the action fails. Empty for none.
    type: str
    default: ""
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
    alias_current: {description: Whether the tag for people names this content., type: bool}
    base_digest: {description: "The digest of the base image, or null when it counts by its name.", type: str}
    base_note: {description: "Why the base image counts by its name; else empty.", type: str}
references:
  description: For each name, the reference by digest, or by tag as long as the registry lacks it.
  returned: success
  type: dict
behind:
  description: Of O(images), those that the registry lacks, or whose tag for people names other content.
  returned: success
  type: list
  elements: dict
"""
