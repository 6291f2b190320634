"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: black_box
short_description: Save what a failed rollout looked like, before anything is undone
description:
  - Makes a folder with the time as its name, and keeps in it the Pods' states, the events, the end of the current and of the previous log of
    each container, the Deployment and its ReplicaSets with their conditions, Service, endpoints and Ingress, what the Ingress answers, and a
    C(summary.md) for a person.
  - Holds no secret. Values of the Pods' Secrets and variables are taken out of every file, in clear, in base64 and in other ways to write them;
    Secrets themselves are read for that only, those of the kept revisions included. If a Secret that a Pod uses cannot be read, no logs are
    kept. Folders have mode 0700, files 0600.
  - Never fails, for what has failed already is the news; what could not be had is noted in the box.
options:
  name:
    description: The name of Deployment, Service, Ingress and Secret.
    type: str
    required: true
  namespace:
    description: Their namespace.
    type: str
    required: true
  dest:
    description: The folder that the box is put into.
    type: path
    required: true
  cause:
    description: Why it failed, as M(fastapi_mysql.k8s.rollout_wait) and M(fastapi_mysql.k8s.endpoints_wait) return it, or a text.
    type: raw
  base_url:
    description: Where the Ingress is reached; empty to not ask it.
    type: str
    default: ""
  secrets:
    description: Further values to hide.
    type: list
    elements: str
    default: []
  lines:
    description: How many lines of each log are kept.
    type: int
    default: 50
  keep:
    description: How many boxes are kept in O(dest); 0 for all.
    type: int
    default: 10
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.users
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Save what it looked like
  fastapi_mysql.k8s.black_box:
    name: fastapi-mysql
    namespace: fastapi-mysql
    dest: "{{ playbook_dir }}/blackbox/{{ inventory_hostname }}"
    cause: "{{ ansible_failed_result.cause | default(ansible_failed_result.msg) }}"
    base_url: http://127.0.0.1:8080
    endpoints: [{path: /status}]
  register: box
"""

RETURN = r"""
path:
  description: The folder; empty in check mode, and when none could be made.
  type: str
  returned: always
  sample: /home/you/fastapi-mysql-k8s/blackbox/local/20260101T120000Z
"""
