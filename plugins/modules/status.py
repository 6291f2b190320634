"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: status
short_description: Say what runs
description:
  - Prints how many Pods are ready, since when and of which revision, what each endpoint answers, which images run and whether
    they are this checkout's, each Pod, and what a run from this checkout would change, as its plan tells it. An account that may not write gets no plan
    from the cluster; for it the fields that the manifests name are compared. Changes nothing.
  - Says when the newest evidence is of another state than what runs.
options:
  target:
    description: Name of the target.
    type: str
    required: true
  images:
    description: What M(fastapi_mysql.k8s.publish_images) says of each image of this checkout.
    type: list
    elements: dict
    default: []
  manifests:
    description: What was rendered from this checkout, as text; empty when it could not be.
    type: list
    elements: str
    default: []
  apis:
    description: The groups and versions that the cluster serves; empty to ask it.
    type: list
    elements: str
    default: []
  problem:
    description: Why there are no O(manifests).
    type: str
    default: ""
  evidence_dir:
    description: The folder of the evidence.
    type: path
    required: true
  url_only:
    description: Whether to print no more than where the API answers (the first of O(endpoints) is asked) and where its evidence is; the
      cluster is not asked then.
    type: bool
    default: false
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
  - fastapi_mysql.k8s.users
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Report what runs
  fastapi_mysql.k8s.status:
    target: local
    name: fastapi-mysql
    namespace: fastapi-mysql
    base_url: http://127.0.0.1:8080
    manifests: "{{ rendered.manifests }}"
    evidence_dir: evidence
"""

RETURN = r"""
deployed:
  description: Whether there is a Deployment.
  type: bool
  returned: when the cluster was asked
drift:
  description: A line for each field that a run would change.
  type: list
  elements: str
  returned: always
lines:
  description: What was printed.
  type: list
  elements: str
  returned: always
url:
  description: Where the API answers.
  type: str
  returned: always
"""
