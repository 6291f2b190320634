"""Document the action plugin check_target, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_target
short_description: Check the variables of a target
description:
  - Checks names, numbers, paths, URLs, the password, the registry and the build contexts, and names all
    problems at once, one line each.
  - Runs on the controller and changes nothing. No value of a secret is ever printed.
options:
  target:
    description: The variables C(app_*) by name, with or without the prefix.
    type: dict
    required: true
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Check what the target wants
  fastapi_mysql.k8s.check_target:
    target:
      name: "{{ app_name }}"
      replicas: "{{ app_replicas }}"
"""

RETURN = r"""
---
{}
"""
