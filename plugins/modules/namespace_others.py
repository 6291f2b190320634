"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: namespace_others
short_description: Say what in a namespace belongs to others
description:
  - Runs on the controller, over one connection, and changes nothing. Prints why a namespace stays.
  - A namespace that is not there, that was not made by this project, or that this account may not delete, is not looked into.
  - Looks at every kind of object that the cluster serves, in every version. What has the ownership label of O(name) if that is to go,
    what belongs to another object of the namespace, and what the cluster puts into every namespace is left out.
    A kind that could not be listed counts as somebody else's.
options:
  going:
    description: Whether the objects of O(name) are to go, too; if not, it is an application like any other, and the namespace stays for it.
    type: bool
    default: true
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Look who else lives there
  fastapi_mysql.k8s.namespace_others:
    namespace: orders
    name: orders
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
  description: Why a namespace that is there is to stay; empty if it is not.
  type: str
  returned: success
  sample: it holds ConfigMap theirs
leaving:
  description: Since when a namespace is being removed, and what holds that up; empty if it is not.
  type: str
  returned: success
to_remove:
  description: The namespace as M(fastapi_mysql.k8s.remove_objects) takes it, by its uid, if it is removable or being removed; otherwise nothing.
  type: list
  elements: dict
  returned: success
"""
