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
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Refuse variables that this role does not know
  fastapi_mysql.k8s.check_arguments:
    provides: [image_references]
"""

RETURN = r"""
---
{}
"""
