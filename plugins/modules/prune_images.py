"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: prune_images
short_description: Remove images that nobody needs any more from a registry
description:
  - Removes images that are tagged by their content (C(content-…), C(unchecked-…)), with what is attached to them, such as their bills of
    materials. Prints first which these are; in check mode, that is all.
  - Kept is what any Pod, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob or kept revision in the cluster names, in all namespaces
    or, where the account may not read those, in this one; what a human-readable tag names; what an index lists that is kept; the newest
    few; and what is younger than O(keep_days). What other clusters run is not known, so O(keep_days) is what they have to go by.
  - An image tells its age by the time at which its bill of materials was attached, or at which it was built. One that tells none is kept,
    unless O(keep_days) is 0.
  - The registry must allow deletions. It frees the space in its own garbage collection.
options:
  registry:
    description: The registry, as in C(app_registry).
    type: str
    required: true
  images:
    description: The names of the images below it.
    type: list
    elements: str
    required: true
  wanted:
    description: References that are needed as well, such as those of this checkout.
    type: list
    elements: str
    default: []
  keep_days:
    description: How many days an image is kept in any case; 0 is none.
    type: int
    default: 30
  keep_newest:
    description: How many images of each repository are kept in any case, the newest.
    type: int
    default: 3
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
  - fastapi_mysql.k8s.registry
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Remove what nobody needs
  fastapi_mysql.k8s.prune_images:
    name: fastapi-mysql
    namespace: fastapi-mysql
    registry: 127.0.0.1:5000
    images: [fastapi-mysql-api, fastapi-mysql-db]
"""

RETURN = r"""
removed:
  description: The manifests that were removed, or would be.
  type: list
  elements: str
  returned: always
"""
