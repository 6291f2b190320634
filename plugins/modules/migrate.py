"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: migrate
short_description: Run what brings a database to where a version wants it
description:
  - Starts each Job and waits for its end, on the controller. One that is running, from a run that is no more, is waited for instead; one that
    has failed is run once more; one that has succeeded is left.
  - Fails with the end of its log when it fails, and with a cause as soon as it can never start.
options:
  jobs:
    description: The Jobs, as manifests. Each has C(activeDeadlineSeconds), by which the cluster ends it.
    type: list
    elements: dict
    required: true
  patience:
    description: Seconds that trouble may last which could resolve by itself.
    type: int
    default: 12
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
  - fastapi_mysql.k8s.lock
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Migrate the database
  fastapi_mysql.k8s.migrate:
    name: notes
    namespace: notes
    jobs: "{{ workload_to_migrate }}"
"""

RETURN = r"""
cause:
  description: Why it failed, with C(type), C(message), C(remedy), C(pod) and C(container).
  returned: failure
  type: dict
"""
