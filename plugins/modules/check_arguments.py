"""Document the action plugin check_arguments, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_arguments
short_description: Refuse variables that a role does not know
description:
  - Compares the names of all variables that begin with the role's name and C(_) with its
    C(meta/argument_specs.yml).
  - Looks at names only, so no value is templated. Runs on the controller and changes nothing.
options:
  provides:
    description: Facts with the role's prefix that the role sets itself.
    type: list
    elements: str
    default: []
  others:
    description:
      - Roles beside this one whose variables are looked at, too, each with the facts that it sets itself.
      - So a slip of the pen is found before the first role has changed anything.
    type: dict
    default: {}
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Refuse variables that this role does not know
  fastapi_mysql.k8s.check_arguments:
    provides: [image_references]

- name: Refuse variables that neither this role nor those after it know
  fastapi_mysql.k8s.check_arguments:
    others:
      image: [image_references]
      secret: []
"""

RETURN = r"""
---
{}
"""
