"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: platform_rewrite
short_description: Have the platform's Kubernetes write its Secrets again
description:
  - Reads every Secret and writes it back as it is. The API server does so with the first key of its EncryptionConfiguration,
    and only where the Secret was not written with that key; a second run changes nothing.
  - Runs on the controller. No Secret is printed, logged or kept.
options:
  kubeconfig:
    description: The administrator's kubeconfig.
    type: path
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Encrypt what was written before
  fastapi_mysql.k8s.platform_rewrite:
    kubeconfig: /var/lib/fastapi-mysql-k8s/kubeconfig
"""

RETURN = r"""
rewritten:
  description: Namespace and name of each Secret that was written again.
  type: list
  elements: str
  returned: success
"""
