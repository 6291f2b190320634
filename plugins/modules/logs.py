"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: logs
short_description: Print what the containers have said
description:
  - Prints the last lines of all containers of all Pods of a Deployment, in the order of their time. The values of the Secrets
    that its Pods use, and of those in the kept revisions, are hidden; if one that a Pod uses cannot be read, nothing is printed. Changes nothing.
options:
  container:
    description: Only this container; empty is each.
    type: str
    default: ""
  tail:
    description: How many lines.
    type: int
    default: 40
  previous:
    description: Whether to print what the containers said before their last restart.
    type: bool
    default: false
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Print the API's last lines
  fastapi_mysql.k8s.logs:
    name: fastapi-mysql
    namespace: fastapi-mysql
    container: api
"""

RETURN = r"""
lines:
  description: What was printed.
  type: list
  elements: str
  returned: always
"""
