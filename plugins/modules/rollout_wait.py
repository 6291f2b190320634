"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: rollout_wait
short_description: Wait for a rollout, or fail as soon as it is hopeless
description:
  - Watches a Deployment on the controller until all its Pods are of the newest version and ready, and none of an older one is left.
  - Fails early, with one line that names Pod, container, reason and message, when an image cannot be pulled, a container keeps crashing, and the like.
  - Prints its progress whenever that changes.
options:
  name:
    description: The Deployment's name.
    type: str
    required: true
  namespace:
    description: Its namespace.
    type: str
    required: true
  timeout:
    description: Seconds until an unfinished rollout is an error.
    type: int
    default: 300
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Wait for the Pods
  fastapi_mysql.k8s.rollout_wait:
    name: fastapi-mysql
    namespace: fastapi-mysql
"""

RETURN = r"""
pods:
  description: The Pods, each with its name, ready containers, node, restarts and start.
  type: list
  elements: dict
  returned: success
  sample: [{name: fastapi-mysql-5d9c-x2x4z, ready: 2/2, node: node1, restarts: "0", started: "2026-01-01T00:00:00Z"}]
seconds:
  description: How long it waited.
  type: float
  returned: success
"""
