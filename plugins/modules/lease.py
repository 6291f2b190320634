"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: lease
short_description: Hold the Lease that lets one run at a time change a target
description:
  - Takes, renews or gives back a Lease (coordination.k8s.io/v1) named C(<name>-release) in the target's namespace.
  - Each step is atomic, by the object's resourceVersion. Who comes second is told who holds it, since when, and when it expires.
  - A Lease that has expired by the API server's clock is taken over; on the machine of its holder, by the same user or root, at once
    when the holder's process is gone, and nothing that it has started is still at work.
  - Nothing renews it in the background. Each step of a release does, so O(seconds) must be longer than the longest of them.
  - Given back, nothing is left of it. It is never C(changed). In check mode it does nothing.
options:
  name:
    description: The target's name.
    type: str
    required: true
  namespace:
    description: The target's namespace.
    type: str
    required: true
  state:
    description: V(held) takes it, or renews it if O(id) is given; V(released) gives it back if it is ours.
    type: str
    choices: [held, released]
    default: held
  id:
    description: What an earlier step returned; with it, a Lease that is somebody else's by now is an error.
    type: str
    default: ""
  seconds:
    description: How long it lasts unless it is renewed.
    type: int
    default: 300
  take_over:
    description: Whether to take it whoever holds it.
    type: bool
    default: false
  optional:
    description: Whether it is fine that the namespace is not there or is being removed, so that nobody can be at work in it; O(id) is empty then.
    type: bool
    default: false
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Take the lock
  fastapi_mysql.k8s.lease:
    name: fastapi-mysql
    namespace: fastapi-mysql
  register: lock

- name: Hold on to it
  fastapi_mysql.k8s.lease:
    name: fastapi-mysql
    namespace: fastapi-mysql
    id: "{{ lock.id }}"
"""

RETURN = r"""
id:
  description: The holder's identity, for the next steps.
  type: str
  returned: success
holder:
  description: Who holds it, for people.
  type: str
  returned: when held
expires:
  description: When it ends unless it is renewed.
  type: str
  returned: when held
how:
  description: How it was come by, such as C(free), C(renewed), or from whom it was taken over.
  type: str
  returned: when held
was_held:
  description: Whether it was ours to give back.
  type: bool
  returned: when released
"""
