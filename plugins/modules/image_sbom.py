"""Document the action plugin image_sbom, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_sbom
short_description: Attach a bill of materials to an image in a registry
description:
  - Reads the image's layers from the registry and lists what is in them, as CycloneDX 1.6. This is Debian's packages by dpkg's
    list, Python's distributions by their metadata, an interpreter in C(/usr/local), and the system. Nothing is taken from
    requirements or a Dockerfile.
  - Stores the list in the image's repository, as an OCI artifact whose subject is the image. A registry without the
    referrers API gets an index of such artifacts under the tag C(sha256-…), as the OCI distribution specification has it.
  - The same image always gets the same list, byte for byte; one that has a list already is left as it is.
  - What is in a layer is kept in C(~/.cache/fastapi-mysql-k8s/layers), so that only new layers are read.
  - What goes wrong is a warning, for the image runs as well without.
  - Runs on the controller. Does nothing in check mode.
options:
  image:
    description: The image as the registry has it, by tag or digest.
    type: str
    required: true
extends_documentation_fragment:
  - fastapi_mysql.k8s.registry
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Say what is in the image
  fastapi_mysql.k8s.image_sbom:
    image: 127.0.0.1:5000/fastapi-mysql-api:1.0.0
"""

RETURN = r"""
---
sboms:
  description: What was attached now; one for each platform of the image, none where all were there.
  returned: success
  type: list
  elements: dict
  contains:
    digest:
      description: Digest of the list in the registry.
      type: str
    packages:
      description: How many packages it lists.
      type: int
"""
