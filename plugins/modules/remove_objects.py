"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: remove_objects
short_description: Remove objects of a cluster, and wait until they are gone
description:
  - Runs on the controller, over one connection.
  - Deletes one object after the other, each when the one before is gone, together with what belongs to it.
  - Each request names the object's uid, so that an object which somebody has made again under the same name is not deleted in its place.
  - An object that is not gone in time is reported with its finalizers, since when it waits for them, and what to do.
  - In check mode nothing is deleted.
options:
  objects:
    description: API version, kind, name, namespace and uid of each object; without a uid, the object is the one that is there now.
    type: list
    elements: dict
    required: true
  timeout:
    description: How many seconds each object may take to be gone.
    type: int
    default: 120
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Remove a namespace that was looked at
  fastapi_mysql.k8s.remove_objects:
    objects:
      - apiVersion: v1
        kind: Namespace
        metadata: {name: orders, uid: 0f9c8a52-2b0c-4a33-9d0e-6b1f1f4a7c11}
    timeout: 60
"""

RETURN = r"""
removed:
  description: Kind and name of each object that was there, and is not any more.
  type: list
  elements: str
  returned: success
  sample: [Namespace orders]
"""
