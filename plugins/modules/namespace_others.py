"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: namespace_others
short_description: Say what in a namespace belongs to others
description:
  - Runs on the controller, over one connection, and changes nothing.
  - A namespace that is not there, that was not made by this project, or that this account may not delete, is not looked into.
  - Looks at every kind of object that the cluster serves. What carries the mark of O(target), what belongs to another object, and what
    the cluster puts into every namespace is left out. A kind that may not be listed counts as somebody else's.
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.target
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Look who else lives there
  fastapi_mysql.k8s.namespace_others:
    namespace: orders
    target: orders
  register: found
"""

RETURN = r"""
others:
  description: Kind and name of each object of others.
  type: list
  elements: str
  returned: success
  sample: [ConfigMap theirs]
removable:
  description: Whether it was made by this project, this account may delete it, and nobody else has anything in it.
  type: bool
  returned: success
stays:
  description: Why a namespace that was made by this project is to stay; empty for any other.
  type: str
  returned: success
  sample: it holds ConfigMap theirs
"""
