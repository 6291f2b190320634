"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: maintenance
short_description: Turn maintenance of a target on or off
description:
  - Turned on, the target's Service leads to the Pods of a page, which have the label C(fastapi-mysql-k8s/maintenance), or where there are none to
    nobody. Whatever way in ends at that Service answers 503 then. Waits until users get that. Deployment, Pods and Ingress stay as they are.
  - Turned off, it leads to the target's own Pods again.
  - An annotation of the Service says since when it is on, and by whom. Nothing is deployed or rolled back meanwhile.
options:
  state:
    description: What is wanted.
    type: str
    choices: ["on", "off"]
    required: true
  timeout:
    description: Seconds until users get 503.
    type: float
    default: 20
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
  - fastapi_mysql.k8s.users
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Show users that the API is away
  fastapi_mysql.k8s.maintenance:
    name: fastapi-mysql
    namespace: fastapi-mysql
    base_url: https://api.example.com
    state: "on"
"""

RETURN = r"""
"on":
  description: Whether maintenance is on now.
  type: bool
  returned: always
since:
  description: Since when, as the annotation says.
  type: str
  returned: always
"""
