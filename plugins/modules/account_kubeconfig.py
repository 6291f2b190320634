"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: account_kubeconfig
short_description: Keep a kubeconfig for a service account
description:
  - Asks the cluster for a token of a service account, and writes a kubeconfig with it, for its owner only (mode 0600).
  - A kubeconfig whose token is of this account and has a third of its life before it is left as it is.
  - Runs on the controller. The token is in no result and on no command line.
options:
  namespace:
    description: The account's namespace, which becomes that of the kubeconfig's context.
    type: str
    required: true
  account:
    description: The service account's name.
    type: str
    required: true
  dest:
    description: The file. Its context is named as the one that it is made with.
    type: path
    required: true
  seconds:
    description: How long the token lasts; the cluster may allow less.
    type: int
    default: 2592000
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Hand out a kubeconfig for a week
  fastapi_mysql.k8s.account_kubeconfig:
    namespace: orders
    account: orders-deployer
    dest: ~/.kube/orders
    seconds: 604800
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: success
"""
