"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: owned_objects
short_description: Say what there is of a target in its namespace
description:
  - Runs on the controller, over one connection, and changes nothing.
  - An object is the target's if it carries its mark, whatever it is called; one of the same name without it is somebody else's.
    A namespace is never among them.
  - The target's revisions, which are no part of what was deployed and carry no mark, are known by their name, type and labels.
    Its lock is not among them, for whoever holds it gives it back.
  - Kinds that this account may not list are left out.
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Look what there is to remove
  fastapi_mysql.k8s.owned_objects:
    namespace: orders
    name: orders
  register: found
"""

RETURN = r"""
objects:
  description: API version, kind, name and uid of each object but the Secrets, in the order in which they are to be removed, the way in first.
  type: list
  elements: dict
  returned: success
secrets:
  description: The same of the Secrets, those that keep revisions among them.
  type: list
  elements: dict
  returned: success
"""
