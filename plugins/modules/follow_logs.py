"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: follow_logs
short_description: Print what the containers say, as they say it
description:
  - Prints the last lines of all containers of all Pods of a Deployment, and then each new line as it comes, with its time, Pod and
    container. Pods that come and go meanwhile, and containers that start again, are followed, too.
  - It goes on until it is interrupted (Ctrl-C), which is no failure.
  - The values of the Secrets that the Pods use, and of those in the kept revisions, are hidden; if one that a Pod uses cannot be read,
    nothing is printed. Changes nothing.
options:
  container:
    description: Only this container; empty is each.
    type: str
    default: ""
  tail:
    description: How many lines of before to begin with.
    type: int
    default: 40
  previous:
    description: Refused, for what was said before the last restart is over; M(fastapi_mysql.k8s.logs) prints it.
    type: bool
    default: false
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Follow what the API says
  fastapi_mysql.k8s.follow_logs:
    name: fastapi-mysql
    namespace: fastapi-mysql
    container: api
"""

RETURN = r"""
"""
