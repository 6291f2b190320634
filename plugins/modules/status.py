"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: status
short_description: Say what runs
description:
  - Prints how many Pods are ready, since when and of which revision, what each endpoint answers, which images run and whether
    they are this checkout's, each Pod, and what in the cluster differs from what was rendered last. Changes nothing.
options:
  target:
    description: Name of the target.
    type: str
    required: true
  name:
    description: Name of the Deployment, the Service and the Ingress.
    type: str
    required: true
  namespace:
    description: The namespace that they are in.
    type: str
    required: true
  base_url:
    description: URL at which the Ingress is reached from here.
    type: str
    required: true
  host:
    description: The Host header to send; empty for the one in the URL.
    type: str
    default: ""
  validate_certs:
    description: Whether an https URL's certificate must be trusted.
    type: bool
    default: true
  endpoints:
    description: The endpoints to ask once, as the role C(verify) describes them.
    type: list
    elements: dict
    default: []
  images:
    description: What C(image_state) says of each image of this checkout.
    type: list
    elements: dict
    default: []
  manifests_dir:
    description: The folder of the rendered manifests.
    type: path
    required: true
  evidence_dir:
    description: The folder of the evidence.
    type: path
    required: true
  url_only:
    description: Whether to print no more than where the API answers and where its evidence is; nothing is asked then.
    type: bool
    default: false
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Say what runs
  fastapi_mysql.k8s.status:
    target: local
    name: fastapi-mysql
    namespace: fastapi-mysql
    base_url: http://127.0.0.1:8080
    manifests_dir: manifests/local
    evidence_dir: evidence
"""

RETURN = r"""
deployed:
  description: Whether there is a Deployment.
  type: bool
  returned: when the cluster was asked
drift:
  description: A line for each field that is not as it was rendered.
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
