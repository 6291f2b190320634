"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: access_check
short_description: Ask a cluster whether this account may do what it is about to
description:
  - Runs on the controller and changes nothing. One question (SelfSubjectRulesReview) tells all rules; a right that they do not grant is asked for
    by itself (SelfSubjectAccessReview), for a cluster may decide elsewhere.
  - Fails with one line that names every verb and kind that is lacking.
options:
  namespace:
    description: The namespace to work in.
    type: str
    required: true
  objects:
    description: Manifests, or at least their apiVersion and kind; with C(verbs) for other verbs than O(verbs).
    type: list
    elements: dict
    required: true
  verbs:
    description: What is to be done with each.
    type: list
    elements: str
    default: [get, create, patch, update]
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Check that all of it is allowed
  fastapi_mysql.k8s.access_check:
    namespace: fastapi-mysql
    objects:
      - {apiVersion: apps/v1, kind: Deployment}
      - {apiVersion: v1, kind: Pod, verbs: [list, watch]}
"""

RETURN = r"""
rights:
  description: What was asked for.
  type: list
  elements: str
  returned: success
  sample: [create deployments.apps (Deployment)]
"""
