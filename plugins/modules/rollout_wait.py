"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: rollout_wait
short_description: Wait for a rollout, or fail as soon as it is hopeless
description:
  - Watches a target's Deployment, its ReplicaSets, its Pods and their events on the controller, until the newest version is noticed, all its Pods
    are there, ready and available, and none of an older one is left. A Deployment that is paused is not complete.
  - Fails early when it is hopeless, with a cause; a start that is slow, but within what the Pod's own probes allow, is never cut short.
  - Then does the same for what else of the target keeps Pods running, its workers and its database.
  - Prints its progress whenever that changes. A rollout that is complete already costs two requests.
  - An API server that is away in the meantime is waited for, a minute at most. Nothing is judged until it is back, and no time runs.
  - Holds the rollout with C(minReadySeconds) while no new Pod has responded as it should, so that a wrong version replaces nobody.
options:
  name:
    description: The target's name, which is its Deployment's.
    type: str
    required: true
  namespace:
    description: Its namespace.
    type: str
    required: true
  part:
    description: C(database) waits for the target's database alone, the StatefulSet with C(-db) behind its name.
    type: str
    choices: [all, database]
    default: all
  timeout:
    description: Seconds until an unfinished rollout is an error.
    type: int
    default: 300
  wait:
    description: Whether to wait; without it the action only says how things are, as it does in check mode.
    type: bool
    default: true
  endpoints:
    description: What each new Pod is asked as soon as it is ready, by way of the API server, as the role C(verify) describes them. A version that is
      ready, but answers wrong for 5 s, is given up while Pods of the version before still serve.
    type: list
    elements: dict
    default: []
  patience:
    description: Seconds that trouble may last which could resolve by itself. At its default, a registry that says no gets 5, and a Pod that no node
      has room for gets 60, for an autoscaler to bring one.
    type: int
    default: 12
  crash_limit:
    description: How often a container may end while it starts. Ends while another container of the Pod is still starting do not count,
      unless there are five.
    type: int
    default: 3
  startup_seconds:
    description: Seconds that a container without a startup probe may take to be ready.
    type: int
    default: 120
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.lock
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Wait for the Pods
  fastapi_mysql.k8s.rollout_wait:
    name: fastapi-mysql
    namespace: fastapi-mysql
"""

RETURN = r"""
pods:
  description: The Pods, each with its name, ready containers, node, restarts and start.
  type: list
  elements: dict
  returned: success
  sample: [{name: fastapi-mysql-5d9c-x2x4z, ready: 2/2, node: node1, restarts: "0", started: "2026-01-01T00:00:00Z"}]
complete:
  description: Whether all Pods are the wanted ones and ready.
  type: bool
  returned: success
timeline:
  description: When the watching began (C(began)), how long it took (C(seconds)), and of each Pod that was seen (C(pods)) whether it is of the
    current version and at which second it was created, scheduled, started, ready, leaving and gone. Without Pods where nothing was left to wait for.
  type: dict
  returned: after waiting, and with a cause
seconds:
  description: How long it waited.
  type: float
  returned: success
ended:
  description: When it had ended, as seconds since 1970 by this machine's clock; 0 where it was not waited for.
  type: float
  returned: success
outage_ended:
  description: When the last outage of the API server was over that it has met, as seconds since 1970 by this machine's clock; 0 for none.
  type: float
  returned: after waiting
cause:
  description: Why it is hopeless, for programs (type) and for people (message, remedy), with the Pod and the container where there is one.
  type: dict
  returned: on failure, except when the cluster itself cannot be asked
  sample:
    type: ImagePullFailed
    message: "Pod fastapi-mysql-5d9c-x2x4z, container api: image registry/api:1 cannot be pulled: the registry does not have it (…)"
    remedy: Correct the image's name or tag, or push it (ansible-playbook site.yml --tags build).
    pod: fastapi-mysql-5d9c-x2x4z
    container: api
"""
