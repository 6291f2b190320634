"""Document the action plugin tag_images, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tag_images
short_description: Attach a bill of materials to images in a registry, and move their human-readable tags
description:
  - Reads the image's layers from the registry and lists what is in them, as CycloneDX 1.6. This is Debian's packages by dpkg's
    list, Python's distributions by their metadata, an interpreter in C(/usr/local), and the system. Nothing is taken from
    requirements or a Dockerfile.
  - Stores the list in the image's repository, as an OCI artifact whose subject is the image. A registry without the
    referrers API gets an index of such artifacts under the tag C(sha256-…), as the OCI distribution specification has it.
  - The same image always gets the same list, byte for byte; one that has a list already is left as it is.
  - What is in a layer is kept in C(~/.cache/fastapi-mysql-k8s/layers), so that only new layers are read.
  - What goes wrong with a list is a warning, for the image runs as well without.
  - Then stores the manifest once more under the human-readable tag, when that is missing or names something else. Needs no
    Docker engine and moves no layer.
  - Runs on the controller. Does nothing in check mode.
options:
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      reference:
        description: The image as the registry has it, by tag or digest.
        type: str
        required: true
      tag:
        description: The tag that it gets; empty for none.
        type: str
        default: ""
  sbom:
    description: Whether a bill of materials (SBOM) is attached.
    type: bool
    default: true
  must_move:
    description: Whether a tag that cannot be moved is an error. To what is deployed by its digest, it is none.
    type: bool
    default: true
extends_documentation_fragment:
  - fastapi_mysql.k8s.registry
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Say what is in the image, and let its version name it
  fastapi_mysql.k8s.tag_images:
    images:
      - reference: 127.0.0.1:5000/fastapi-mysql-api:content-5a5a0e4f27f49408e84c
        tag: 1.0.0
"""

RETURN = r"""
---
images:
  description: What was done to each image.
  returned: success
  type: list
  elements: dict
  contains:
    reference: {description: As it was given., type: str}
    moved: {description: Whether the tag named something else before., type: bool}
    sboms:
      description: What was attached now; one for each platform of the image, none where all were there.
      type: list
      elements: dict
      contains:
        digest: {description: Digest of the list in the registry., type: str}
        packages: {description: How many packages it lists., type: int}
"""
