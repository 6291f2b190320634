"""Document the action plugin check_target, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_target
short_description: Check what is wanted of a target, and whom it is wanted from
description:
  - Refuses variables that begin with the name of one of O(roles) and that this role does not know, and values of another type than
    its C(meta/argument_specs.yml) names. So a slip of the pen is found before the first role has changed anything.
  - Checks names, numbers, paths, URLs, the password, the registry and the build contexts, and names all problems at once, one line each.
  - Then asks the registry and the cluster whether they answer, take the credentials and have what is needed.
  - Runs on the controller and changes nothing. No value of a secret is ever printed.
options:
  target:
    description: The variables C(app_*) by name, with or without the prefix.
    type: dict
    required: true
  roles:
    description: Roles beside this one, each with the variables that it sets itself.
    type: dict
    default: {}
  registry:
    description: The registry to ask; left out to ask none.
    type: dict
    suboptions:
      registry:
        description: A host, or a host and a path.
        type: str
        required: true
      username:
        description: User name for the registry; empty uses what C(docker login) keeps.
        type: str
        default: ""
      password:
        description: Password or access token that belongs to the user name.
        type: str
        default: ""
      docker_config:
        description: Folder of the Docker CLI's configuration; empty is E(DOCKER_CONFIG), else C(~/.docker).
        type: str
        default: ""
      timeout:
        description: Seconds to wait for each answer.
        type: int
        default: 20
  cluster:
    description: The cluster to ask; left out to ask none.
    type: dict
    suboptions:
      kubeconfig:
        description: The kubeconfig; empty for $KUBECONFIG or ~/.kube/config.
        type: path
        default: ""
      context:
        description: The context in it; empty for its current one.
        type: str
        default: ""
      namespace:
        description: The namespace to look for; empty to look for none.
        type: str
        default: ""
      namespace_create:
        description: Whether a namespace that is not there will be made.
        type: bool
        default: true
      ingress_class:
        description: The Ingress class that the cluster must have; empty to ask for none.
        type: str
        default: ""
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Check what the target wants
  fastapi_mysql.k8s.check_target:
    target:
      name: "{{ app_name }}"
      replicas: "{{ app_replicas }}"
    roles: {secret: [], workload: []}
"""

RETURN = r"""
---
cluster:
  description: Of the cluster that was asked, its address (server), context, version, apis, namespace_exists and ingress_classes; else empty.
  returned: success
  type: dict
"""
