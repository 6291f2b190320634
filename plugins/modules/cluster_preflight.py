"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: cluster_preflight
short_description: Ask a cluster whether it can take the deployment
description:
  - Runs on the controller and changes nothing.
  - Checks that the cluster answers, that the credentials are valid, that the APIs are served, and that namespace and Ingress class are there.
  - Each failure is one line that names what to set.
options:
  namespace:
    description: The namespace to look for; empty for none.
    type: str
    default: ""
  namespace_create:
    description: Whether a namespace that is not there will be made, and so is no error.
    type: bool
    default: true
  ingress_class:
    description: The Ingress class that the cluster must have; empty to not ask.
    type: str
    default: ""
  apis:
    description: The API groups and versions that the cluster must serve.
    type: list
    elements: str
    default: [v1, apps/v1, networking.k8s.io/v1]
  kubeconfig:
    description: The kubeconfig; empty for $KUBECONFIG or ~/.kube/config.
    type: path
    default: ""
  context:
    description: The context in it; empty for its current one.
    type: str
    default: ""
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Look at the cluster
  fastapi_mysql.k8s.cluster_preflight:
    kubeconfig: ~/.kube/config
    context: k3s
    namespace: fastapi-mysql
    ingress_class: traefik
"""

RETURN = r"""
version:
  description: The server's version.
  type: str
  returned: success
  sample: v1.20.2
server:
  description: The server's URL.
  type: str
  returned: success
context:
  description: The kubeconfig's context that was used.
  type: str
  returned: success
apis:
  description: All groups and versions that the cluster serves.
  type: list
  elements: str
  returned: success
namespace_exists:
  description: Whether the namespace is there; null when it was not asked for or may not be known.
  type: bool
  returned: success
ingress_classes:
  description: The Ingress classes of the cluster, when one was asked for.
  type: list
  elements: str
  returned: success
"""
