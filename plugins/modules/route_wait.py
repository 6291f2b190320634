"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: route_wait
short_description: Wait until a route that takes another's place is followed
description:
  - Runs on the controller, and changes nothing. To be called while the route before, an Ingress or an HTTPRoute, still leads users.
  - Waits until a Gateway has accepted the HTTPRoute of that name, and fails with its reason when none has in time. Of an Ingress no cluster says
    whether it is followed.
  - Then gives its controller the time that it may take to act on it. In check mode it asks nobody.
options:
  kind:
    description: What is to lead users from now on.
    type: str
    choices: [Ingress, HTTPRoute]
    required: true
  timeout:
    description: Seconds until an HTTPRoute that no Gateway accepts is an error.
    type: float
    default: 12
  settle:
    description: Seconds that a controller may take to follow.
    type: float
    default: 2.5
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Wait until the HTTPRoute is followed
  fastapi_mysql.k8s.route_wait:
    namespace: orders
    name: orders
    kind: HTTPRoute
"""

RETURN = r"""
seconds:
  description: How long it took.
  type: float
  returned: success
"""
