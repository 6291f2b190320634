"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: exec
short_description: Run a command in a Pod that serves
description:
  - Runs a command in a ready Pod of a Deployment's newest version, and prints what it writes, line by line, as it comes. Fails when
    the command does. It gets no input and no terminal.
  - The values of the Secrets that the Pod uses are hidden in what is printed; if one cannot be read, nothing is run.
  - The account needs the right to C(get) and C(create) C(pods/exec).
  - Not known is what the command changes, so it is never C(changed). Not run in check mode.
options:
  command:
    description: The program and its arguments, as a text that is split as a shell splits it, or as a list. No shell runs it.
    type: raw
    required: true
  container:
    description: The container.
    type: str
    default: api
  timeout:
    description: How long it may take, in seconds. A command that takes longer may still run in the Pod.
    type: float
    default: 60
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Say which Python runs
  fastapi_mysql.k8s.exec:
    name: fastapi-mysql
    namespace: fastapi-mysql
    command: python --version
"""

RETURN = r"""
pod:
  description: Where it ran.
  type: str
  returned: always
container:
  description: The container that it ran in.
  type: str
  returned: when it was run
rc:
  description: The command's exit status; none when it could not be started.
  type: int
  returned: when it was run
"""
