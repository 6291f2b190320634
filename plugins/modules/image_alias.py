"""Document the action plugin image_alias, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: image_alias
short_description: Give an image in a registry a second tag
description:
  - Stores the manifest once more under another tag, when that tag is missing or names something else. Needs
    no Docker engine and moves no layer.
  - Runs on the controller; supports check mode.
options:
  image:
    description: The image as the registry has it, by tag or digest.
    type: str
    required: true
  alias:
    description: The tag that it gets.
    type: str
    required: true
extends_documentation_fragment:
  - fastapi_mysql.k8s.registry
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Move the human-readable tag to this content
  fastapi_mysql.k8s.image_alias:
    image: 127.0.0.1:5000/fastapi-mysql-api:content-5a5a0e4f27f49408e84c
    alias: 1.0.0
"""

RETURN = r"""
---
reference:
  description: Name and the new tag.
  returned: success
  type: str
digest:
  description: The digest that the tag names, or null in check mode when the image is not there yet.
  returned: success
  type: str
"""
